//! What a script sees of trouble: everything that was taken is kept, everything else is refused and told, and the program ends.

use crate::chat_device::{chat, world};

/// A line of so many bytes.
fn long_line(bytes: usize) -> String {
    format!("{}\n", "y".repeat(bytes))
}

#[test]
fn a_line_over_the_limit_is_refused_and_the_chat_goes_on() {
    let (world, server) = world();
    for bytes in [300_000, 4 * 1024 * 1024 + 10] {
        let text = format!("{}next words\n", long_line(bytes));
        let outcome = chat(&world, server.address(), &["--new"], &text);
        assert_eq!(
            (outcome.code, outcome.output.as_str()),
            (Some(6), "You said: next words\n"),
            "{}",
            outcome.errors
        );
        assert!(
            outcome
                .errors
                .contains("This was not taken: the text is longer than the 262144 bytes"),
            "{}",
            outcome.errors
        );
    }
    let outcome = chat(&world, server.address(), &["--new"], &long_line(262_144));
    assert_eq!(outcome.code, Some(0), "{}", outcome.errors);
}
