//! Texts with places for what the request said: `{{last}}`, `{{turn}}`, `{{1}}` …
//!
//! Only `{{`, a name of letters, digits and `_`, and `}}` make a place; other braces stand for themselves.

/// What the places of a template are filled with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TemplateValues<'a> {
    pub(crate) last: &'a str,
    pub(crate) turn: u64,
    pub(crate) model: &'a str,
    pub(crate) system: &'a str,
    /// By number; 0 is the whole match.
    pub(crate) captures: &'a [String],
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Last,
    Quote,
    Turn,
    Model,
    System,
    Capture(usize),
}

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

/// The longest quote in characters.
const QUOTE_CHARACTERS: usize = 500;

impl Template {
    /// A text without places, whatever stands in it.
    pub(crate) fn literal(text: &str) -> Self {
        Self {
            pieces: vec![Piece::Literal(text.to_owned())],
        }
    }

    /// Reads a template. `captures` are the names of the pattern's groups by number.
    ///
    /// # Errors
    /// A sentence for each name that means nothing here.
    pub(crate) fn parse(text: &str, captures: &[Option<String>]) -> Result<Self, Vec<String>> {
        let mut pieces = Vec::new();
        let mut mistakes = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            let after = &rest[at + 2..];
            let name = after
                .find("}}")
                .map(|end| after[..end].trim())
                .filter(|name| is_name(name));
            let Some(name) = name else {
                literal.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
                continue;
            };
            literal.push_str(&rest[..at]);
            match place(name, captures) {
                Ok(piece) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(piece);
                }
                Err(mistake) => mistakes.push(mistake),
            }
            let end = after.find("}}").map_or(after.len(), |end| end + 2);
            rest = &after[end..];
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        if mistakes.is_empty() {
            Ok(Self { pieces })
        } else {
            Err(mistakes)
        }
    }

    /// The text with its places filled.
    pub(crate) fn render(&self, values: TemplateValues<'_>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Last => text.push_str(values.last),
                Piece::Quote => text.push_str(&quote(values.last)),
                Piece::Turn => text.push_str(&values.turn.to_string()),
                Piece::Model => text.push_str(values.model),
                Piece::System => text.push_str(values.system),
                Piece::Capture(number) => {
                    if let Some(capture) = values.captures.get(*number) {
                        text.push_str(capture);
                    }
                }
            }
        }
        text
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn place(name: &str, captures: &[Option<String>]) -> Result<Piece, String> {
    match name {
        "last" => return Ok(Piece::Last),
        "quote" => return Ok(Piece::Quote),
        "turn" => return Ok(Piece::Turn),
        "model" => return Ok(Piece::Model),
        "system" => return Ok(Piece::System),
        _ => {}
    }
    if let Ok(number) = name.parse::<usize>() {
        if number < captures.len() {
            return Ok(Piece::Capture(number));
        }
        return Err(match captures.len() {
            0 => format!("{{{{{name}}}}} needs a `regex` in `when`"),
            1 => format!("{{{{{name}}}}} needs a group in the `regex` of `when`"),
            count => format!(
                "{{{{{name}}}}}: the `regex` of `when` has groups 1 to {}",
                count - 1
            ),
        });
    }
    captures
        .iter()
        .position(|capture| capture.as_deref() == Some(name))
        .map(Piece::Capture)
        .ok_or_else(|| {
            format!(
                "{{{{{name}}}}} is unknown; there are {{{{last}}}}, {{{{quote}}}}, {{{{turn}}}}, {{{{model}}}}, {{{{system}}}} and \
                 the groups of the `regex`; `templates = false` takes the text as it is written"
            )
        })
}

/// The text as a Markdown quote, cut when it is long.
fn quote(text: &str) -> String {
    let mut kept: String = text.trim().chars().take(QUOTE_CHARACTERS).collect();
    if kept.len() < text.trim().len() {
        kept.push('…');
    }
    let mut quoted = String::new();
    for (number, line) in kept.lines().enumerate() {
        if number > 0 {
            quoted.push('\n');
        }
        quoted.push_str("> ");
        quoted.push_str(line);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(captures: &[String]) -> TemplateValues<'_> {
        TemplateValues {
            last: "one\ntwo",
            turn: 3,
            model: "m",
            system: "be kind",
            captures,
        }
    }

    #[test]
    fn fills_every_place_and_leaves_other_braces() {
        let template = Template::parse(
            "{{last}}|{{ turn }}|{{model}}|{{system}}|{{1}}|{{count}}|{{quote}}|\\frac{a}{{b c}}|{{{{|}}",
            &[None, None, Some("count".to_owned())],
        )
        .unwrap();
        let captures = ["x 1 2".to_owned(), "1".to_owned(), "2".to_owned()];
        assert_eq!(
            template.render(values(&captures)),
            "one\ntwo|3|m|be kind|1|2|> one\n> two|\\frac{a}{{b c}}|{{{{|}}"
        );
    }

    #[test]
    fn names_each_unknown_place() {
        let mistakes = Template::parse("{{lsat}} {{7}}", &[None, None]).unwrap_err();
        assert_eq!(mistakes.len(), 2);
        assert!(
            mistakes[0].starts_with("{{lsat}} is unknown"),
            "{mistakes:?}"
        );
        assert_eq!(
            mistakes[1],
            "{{7}}: the `regex` of `when` has groups 1 to 1"
        );
    }

    #[test]
    fn takes_a_text_as_it_is_written() {
        assert_eq!(
            Template::literal("{{last}}").render(values(&[])),
            "{{last}}"
        );
    }

    #[test]
    fn quotes_at_most_five_hundred_characters() {
        assert_eq!(quote(&"ä".repeat(501)), format!("> {}…", "ä".repeat(500)));
    }
}
