//! What a line means.

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing.
    Nothing,
    /// Say this.
    Say(String),
    /// `/help`
    Help,
    /// `/list`
    List,
    /// `/open N` or `/open ID`
    Open(String),
    /// `/new`
    New,
    /// `/rename TITLE`
    Rename(String),
    /// `/queue`
    Queue,
    /// `/tray`
    Tray,
    /// `/retry`: try now.
    TryNow,
    /// `/retry N`: send a failed one again.
    Retry(usize),
    /// `/again`: another answer.
    Again,
    /// `/edit N TEXT`
    Edit(usize, String),
    /// `/discard N`
    Discard(usize),
    /// `/undo`
    Undo,
    /// `/stop`
    Stop,
    /// `/quit`
    Quit,
    /// It is meant as a command, and is none.
    Unclear(String),
}

pub(super) const HELP: &str = "\
  /list            the conversations, numbered
  /open N          go on with one of them (or with an id)
  /new             begin a new one
  /rename TITLE    give this one a title
  /queue           what is not saved yet, numbered, and why
  /tray            what could not be stored
  /retry           try now instead of waiting
  /retry N         send a failed message again
  /edit N TEXT     change a message that was not sent yet, or send a failed one in other words
  /discard N       take one back that was not sent yet, or throw a failed one away; /undo brings it back for half a minute
  /again           ask for another answer to what was said last
  /stop            end the answer that is coming or waited for (so does Ctrl-C)
  /quit            leave; what is not saved goes out the next time
  //TEXT           say something that begins with a /

While an answer comes, what you enter is kept and said after it.";

/// The line that says these words.
pub(super) fn as_words(text: &str) -> String {
    if text.starts_with('/') {
        format!("/{text}")
    } else {
        text.to_owned()
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Order {
    let line = line.trim();
    if line.is_empty() {
        return Order::Nothing;
    }
    let Some(command) = line.strip_prefix('/') else {
        return Order::Say(line.to_owned());
    };
    if command.starts_with('/') {
        return Order::Say(command.to_owned());
    }
    let (name, rest) = command
        .split_once(char::is_whitespace)
        .map_or((command, ""), |(name, rest)| (name, rest.trim()));
    match (name, rest) {
        ("help" | "?", "") => Order::Help,
        ("list", "") => Order::List,
        ("open", which) if !which.is_empty() => Order::Open(which.to_owned()),
        ("new", "") => Order::New,
        ("rename", title) if !title.is_empty() => Order::Rename(title.to_owned()),
        ("queue", "") => Order::Queue,
        ("tray", "") => Order::Tray,
        ("retry", "") => Order::TryNow,
        ("retry", which) => numbered(which, "/retry N", Order::Retry),
        ("again", "") => Order::Again,
        ("edit", rest) => match rest.split_once(char::is_whitespace) {
            Some((which, text)) => numbered(which, "/edit N TEXT", |number| {
                Order::Edit(number, text.trim().to_owned())
            }),
            None => Order::Unclear("write /edit N TEXT; /queue shows the numbers".to_owned()),
        },
        ("discard", which) => numbered(which, "/discard N", Order::Discard),
        ("undo", "") => Order::Undo,
        ("stop", "") => Order::Stop,
        ("quit" | "exit", "") => Order::Quit,
        ("open", _) => Order::Unclear("write /open N; /list shows the numbers".to_owned()),
        ("rename", _) => Order::Unclear("write /rename TITLE".to_owned()),
        _ => Order::Unclear(format!(
            "there is no command /{name} of this form; /help lists them, and //{name} says it"
        )),
    }
}

fn numbered(text: &str, form: &str, order: impl FnOnce(usize) -> Order) -> Order {
    match text.parse() {
        Ok(number) if number > 0 => order(number),
        _ => Order::Unclear(format!("write {form}; /queue shows the numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_words_from_commands() {
        let say = |text: &str| Order::Say(text.to_owned());
        let cases = [
            ("", Order::Nothing),
            ("  ", Order::Nothing),
            (" Hello there ", say("Hello there")),
            ("//etc is a path", say("/etc is a path")),
            ("/help", Order::Help),
            ("/open 3", Order::Open("3".to_owned())),
            ("/retry", Order::TryNow),
            ("/retry 2", Order::Retry(2)),
            (
                "/edit 2  in other words",
                Order::Edit(2, "in other words".to_owned()),
            ),
            ("/discard 1", Order::Discard(1)),
            ("/quit", Order::Quit),
        ];
        for (line, order) in cases {
            assert_eq!(read(line), order, "{line}");
        }
        for words in ["Hello", "/etc is a path", "//"] {
            assert_eq!(read(&as_words(words)), say(words));
        }
    }

    #[test]
    fn says_how_a_command_is_written() {
        for line in [
            "/",
            "/fly",
            "/open",
            "/retry x",
            "/retry 0",
            "/edit 2",
            "/discard",
            "/quit now",
        ] {
            assert!(matches!(read(line), Order::Unclear(_)), "{line}");
        }
    }
}
