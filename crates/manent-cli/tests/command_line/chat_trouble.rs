//! What a script sees of trouble: everything that was taken is kept, everything else is refused and told, and the program ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::chat_device::{chat, world};
use crate::world::World;

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

/// A server that has a conversation and nothing else: every answer begins with the same words, and breaks. Gives its address.
fn server_whose_answers_break() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || say_nonsense(connection));
        }
    });
    address
}

fn say_nonsense(mut connection: TcpStream) {
    let mut request = [0; 8_192];
    let Ok(count) = connection.read(&mut request) else {
        return;
    };
    let head = String::from_utf8_lossy(&request[..count]).into_owned();
    let (kind, body) = if head.contains(" /completion/") {
        let events = "id: r.1\nevent: delta\ndata: {\"type\":\"text\",\"text\":\"never\"}\n\n";
        ("text/event-stream", events)
    } else {
        ("application/json", "{\"id\":\"x\"}")
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // One that went away reads nothing.
    let _ = connection.write_all(answer.as_bytes());
}

#[test]
fn a_chat_ends_though_no_answer_does() {
    let address = server_whose_answers_break();
    for lines in ["Hello\n", "Hello\n/quit\n"] {
        let outcome = chat(&World::new(), &address, &["--wait", "2"], lines);
        assert_eq!(
            (outcome.code, outcome.output.trim_end()),
            (Some(6), "never"),
            "{}",
            outcome.errors
        );
        let words = "1 answer is still waited for";
        assert!(outcome.errors.contains(words), "{}", outcome.errors);
    }
}
