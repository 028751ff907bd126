"""お知らせの中継 at the core: taken in order, given numbers and the portal's codes, pushed in order."""
