"""お知らせの送信 (OSR) at the intermediate server: taken, checked, relayed in order, and what came of it."""
