use std::io::Read;

use crate::chat_device::{
    COUNTED, Open, chat, conversations, database, lines, messages, said, world,
};
use crate::world::World;

#[test]
fn lines_from_a_pipe_get_their_answers_and_nothing_else() {
    let (world, server) = world();
    let outcome = chat(
        &world,
        server.address(),
        &[],
        "Hello\n\nand you?\n/quit\nnever\n",
    );
    assert_eq!(
        (outcome.code, outcome.output.as_str()),
        (Some(0), "You said: Hello\nYou said: and you?\n"),
        "{}",
        outcome.errors
    );
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "Hello"),
            ("assistant", "You said: Hello"),
            ("user", "and you?"),
            ("assistant", "You said: and you?"),
        ])
    );
    assert!(database(&world).exists());
}

#[test]
fn what_is_written_without_a_server_goes_out_with_the_next_start() {
    let (world, server) = world();
    // Nobody listens on a port that was given back.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let away = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let offline = chat(&world, &away, &["--wait", "0"], "Hello\nand you?\n/queue\n");
    assert_eq!((offline.code, offline.output.as_str()), (Some(6), ""));
    for words in [
        "the answer comes later, one to all that is said until then: the server is away",
        "one answer comes to this and to what was said before it",
        "2 messages are not saved on the server yet, and safe on this device",
        "1 answer is still waited for",
    ] {
        assert!(
            offline.errors.contains(words),
            "{words}: {}",
            offline.errors
        );
    }

    let online = chat(&world, server.address(), &[], "");
    assert_eq!(
        (online.code, online.output.as_str()),
        (Some(0), "You said: and you?\n"),
        "{}",
        online.errors
    );
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "Hello"),
            ("user", "and you?"),
            ("assistant", "You said: and you?"),
        ])
    );
}

#[test]
fn an_answer_is_completed_after_kill_9_in_the_middle_of_it() {
    let (world, server) = world();
    let mut first = Open::start(&world, server.address(), &[], "count\n");
    let beginning = first.read("one two".len());
    assert!(COUNTED.starts_with(&beginning));
    first.kill();

    let second = chat(&world, server.address(), &[], "thanks\n");
    assert_eq!(
        (second.code, second.output),
        (Some(0), format!("{COUNTED}\nYou said: thanks\n")),
        "{}",
        second.errors
    );
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "count"),
            ("assistant", COUNTED),
            ("user", "thanks"),
            ("assistant", "You said: thanks"),
        ])
    );
}

#[test]
fn kill_9_between_any_two_steps_loses_and_doubles_nothing_that_was_shown() {
    let (world, server) = world();
    let mut shown = Vec::new();
    for step in 0..12 {
        let text = format!("step {step}");
        let mut chat = Open::start(&world, server.address(), &["--new"], &format!("{text}\n"));
        match step % 3 {
            // As soon as the outbox is there: the message may be taken or not.
            0 => while !database(&world).exists() {},
            1 => {
                chat.read(1);
                shown.push(text);
            }
            _ => {
                chat.line();
                shown.push(text);
            }
        }
        chat.kill();
    }
    let last = chat(&world, server.address(), &["--new"], "");
    assert_eq!(last.code, Some(0), "{}", last.errors);
    let ids = conversations(server.address());
    let mut questions = Vec::new();
    for id in &ids {
        let said = messages(server.address(), id);
        let question = said[0].1.clone();
        assert_eq!(
            said,
            lines(&[
                ("user", &question),
                ("assistant", &format!("You said: {question}"))
            ])
        );
        questions.push(question);
    }
    questions.sort();
    let count = questions.len();
    questions.dedup();
    assert_eq!(questions.len(), count, "something is there twice");
    for text in shown {
        assert!(questions.contains(&text), "{text} is lost");
    }
}

#[test]
fn an_answer_is_ended_as_interrupted_when_the_server_is_killed_in_the_middle_of_it() {
    let (world, server) = world();
    let address = server.address().to_owned();
    let mut open = Open::start(&world, &address, &[], "count\n");
    open.read("one two".len());
    // Dropping it is `kill -9`.
    drop(server);
    let listen = ["serve", "--listen", &address, "--data-dir", "data"];
    let server = world.start(&listen, &[]);
    drop(open.child.stdin.take());
    let mut rest = String::new();
    open.output.read_to_string(&mut rest).unwrap();
    let shown = format!("one two{rest}");
    // The answer is not whole.
    assert_eq!(open.child.wait().unwrap().code(), Some(6));
    let said = said(server.address());
    assert_eq!(said[0], ("user".to_owned(), "count".to_owned()));
    assert_eq!(said.len(), 2, "{shown:?} {said:?}");
    assert_eq!(said[1].0, "assistant");
    assert!(COUNTED.starts_with(&said[1].1), "{said:?}");
    assert!(COUNTED.starts_with(shown.trim_end()), "{shown}");
}

#[test]
fn a_second_chat_on_the_same_outbox_is_refused() {
    let (world, server) = world();
    let mut first = Open::start(&world, server.address(), &[], "Hello\n");
    first.line();
    let second = chat(&world, server.address(), &[], "Hello\n");
    assert_eq!((second.code, second.output.as_str()), (Some(3), ""));
    let holder = format!("is in use by process {}", first.child.id());
    assert!(second.errors.contains(&holder), "{}", second.errors);
}

#[test]
fn a_damaged_outbox_is_kept_and_reported() {
    let (world, server) = world();
    let path = database(&world);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "this is no database".repeat(300)).unwrap();
    let outcome = chat(&world, server.address(), &[], "Hello\n");
    assert_eq!(
        (outcome.code, outcome.output.as_str()),
        (Some(0), "You said: Hello\n")
    );
    assert!(
        outcome.errors.contains("The outbox could not be read")
            && outcome.errors.contains("test.sqlite3.set-aside-"),
        "{}",
        outcome.errors
    );
}

#[test]
fn a_wrong_address_or_conversation_is_told() {
    let world = World::new();
    for (arguments, words) in [
        (
            ["chat", "--url", "nowhere"],
            "\"nowhere\" is no address of a server",
        ),
        (
            ["chat", "--conversation", "first"],
            "\"first\" is no id of a conversation",
        ),
        (
            ["chat", "--profile", "../x"],
            "\"../x\" is no name of a profile",
        ),
    ] {
        let outcome = world.run(&arguments, &[]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(outcome.errors.contains(words), "{outcome:?}");
    }
}
