//! An answer as rows of a terminal, of which only the last one still grows.

use unicode_width::UnicodeWidthChar;

/// A terminal's own stops.
const TAB: usize = 8;

/// Breaks a text into rows of at most so many columns, between words where it can. There is at least one; the last is empty where the text
/// ends its line.
pub(super) fn rows(text: &str, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for line in text.split('\n') {
        break_line(line, columns.max(2), &mut rows);
    }
    rows
}

fn break_line(line: &str, columns: usize, rows: &mut Vec<String>) {
    let mut row = String::new();
    let mut width = 0;
    for character in line.chars() {
        if width + shown(character, width).1 > columns {
            // The word that does not fit goes on in the next row; one that is a row by itself is cut.
            let word = match row.rfind(' ') {
                Some(space) if character != ' ' => row.split_off(space + 1),
                _ => String::new(),
            };
            rows.push(row.trim_end().to_owned());
            width = word.chars().map(|other| shown(other, 0).1).sum();
            row = word;
            if character == ' ' || character == '\t' {
                continue;
            }
        }
        let (text, wide) = shown(character, width);
        row.push_str(&text);
        width += wide;
    }
    rows.push(row);
}

/// What stands for a character in this column, and how wide it is.
fn shown(character: char, column: usize) -> (String, usize) {
    if character == '\t' {
        let wide = TAB - column % TAB;
        return (" ".repeat(wide), wide);
    }
    (character.to_string(), character.width().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words() {
        assert_eq!(rows("one two three", 9), ["one two", "three"]);
        assert_eq!(rows("one two three", 7), ["one two", "three"]);
        assert_eq!(rows("one two three", 6), ["one", "two", "three"]);
    }

    #[test]
    fn cuts_what_is_longer_than_a_row() {
        assert_eq!(rows("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(rows("日本語", 4), ["日本", "語"]);
    }

    #[test]
    fn keeps_the_lines_of_the_text() {
        assert_eq!(rows("a\n\n  b\n", 9), ["a", "", "  b", ""]);
        assert_eq!(rows("", 9), [""]);
        assert_eq!(rows("a\tb", 20), ["a       b"]);
    }
}
