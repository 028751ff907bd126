"""ファイル: what a user takes home of an answer, as CSV for spreadsheets and as PDF for printing (FLD-5)."""
