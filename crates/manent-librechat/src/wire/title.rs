//! Titles.

/// A title as it can be stored: one line, at most so many characters. Absent where there is nothing in it.
pub fn title(text: &str, most: usize) -> Option<String> {
    let line = text.replace(char::is_control, " ");
    let cut: String = line.trim().chars().take(most).collect();
    let cut = cut.trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(title(" a\nb ", 10).as_deref(), Some("a b"));
        assert_eq!(title("äbc def", 4).as_deref(), Some("äbc"));
        assert_eq!(title(" \t\n", 10), None);
    }
}
