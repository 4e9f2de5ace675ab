//! A person before a terminal: what was entered is said, whatever happens meanwhile.

use crate::chat_device::{COUNTED, SLOW, lines, said, world};
use crate::terminal::Terminal;

#[test]
fn every_line_that_is_entered_while_an_answer_comes_is_said_in_order() {
    let (world, server) = world();
    let mut chat = Terminal::start(&world, server.address(), &[]);
    chat.wait_for("> ");
    chat.enter("slow");
    chat.wait_for("one two");
    for line in ["ahead one", "ahead two", "ahead three"] {
        chat.enter(line);
    }
    chat.wait_for("You said: ahead three");
    chat.wait_for("· saved");
    chat.enter("/quit");
    assert_eq!(chat.end(), Some(0), "{}", chat.shown());
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "slow"),
            ("assistant", SLOW),
            ("user", "ahead one"),
            ("assistant", "You said: ahead one"),
            ("user", "ahead two"),
            ("assistant", "You said: ahead two"),
            ("user", "ahead three"),
            ("assistant", "You said: ahead three"),
        ])
    );
}

#[test]
fn lines_that_come_at_once_are_all_said() {
    let (world, server) = world();
    let mut chat = Terminal::start(&world, server.address(), &[]);
    chat.wait_for("> ");
    chat.press("count\rtwo\rthree\rfour\r");
    chat.wait_for("You said: four");
    chat.wait_for("· saved");
    chat.enter("/quit");
    assert_eq!(chat.end(), Some(0), "{}", chat.shown());
    let said: Vec<String> = said(server.address())
        .into_iter()
        .filter_map(|(role, text)| (role == "user").then_some(text))
        .collect();
    assert_eq!(said, ["count", "two", "three", "four"]);
}

#[test]
fn what_is_typed_while_an_answer_comes_stays_in_the_line_until_it_is_entered() {
    let (world, server) = world();
    let mut chat = Terminal::start(&world, server.address(), &[]);
    chat.wait_for("> ");
    chat.enter("count");
    chat.wait_for("one two");
    chat.press("half a ");
    chat.wait_for("eleven twelve");
    chat.wait_for("saved");
    chat.enter("line");
    chat.wait_for("You said: half a line");
    chat.wait_for("· saved");
    chat.enter("/quit");
    assert_eq!(chat.end(), Some(0), "{}", chat.shown());
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "count"),
            ("assistant", COUNTED),
            ("user", "half a line"),
            ("assistant", "You said: half a line"),
        ])
    );
}

#[test]
fn every_line_that_is_entered_while_the_server_is_away_is_said_when_it_is_back() {
    let (world, server) = world();
    let address = server.address().to_owned();
    let mut chat = Terminal::start(&world, &address, &[]);
    chat.wait_for("> ");
    chat.enter("slow");
    chat.wait_for("one two");
    // Dropping it is `kill -9`.
    drop(server);
    chat.wait_for("cut off");
    for line in ["away one", "/queue", "away two", "away three"] {
        chat.enter(line);
    }
    chat.wait_for("away three");
    let listen = ["serve", "--listen", &address, "--data-dir", "data"];
    let server = world.start(&listen, &[]);
    chat.enter("/retry");
    chat.wait_for("You said: away three");
    chat.wait_for("· saved");
    chat.enter("/quit");
    assert_eq!(chat.end(), Some(0), "{}", chat.shown());
    let said: Vec<String> = said(server.address())
        .into_iter()
        .filter_map(|(role, text)| (role == "user").then_some(text))
        .collect();
    assert_eq!(said, ["slow", "away one", "away two", "away three"]);
}

#[test]
fn lines_that_wait_for_their_turn_survive_kill_9() {
    let (world, server) = world();
    let mut chat = Terminal::start(&world, server.address(), &[]);
    chat.wait_for("> ");
    chat.enter("slow");
    chat.wait_for("one two");
    chat.enter("ahead one");
    chat.wait_for("said after this answer");
    chat.enter("ahead two");
    chat.wait_for("said after this answer");
    chat.kill();
    let mut chat = Terminal::start(&world, server.address(), &[]);
    chat.wait_for("You said: ahead two");
    chat.wait_for("· saved");
    chat.enter("/quit");
    assert_eq!(chat.end(), Some(0), "{}", chat.shown());
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "slow"),
            ("assistant", SLOW),
            ("user", "ahead one"),
            ("assistant", "You said: ahead one"),
            ("user", "ahead two"),
            ("assistant", "You said: ahead two"),
        ])
    );
}

#[test]
fn what_is_taken_back_is_not_sent_and_what_is_put_back_is() {
    let (world, server) = world();
    // Nobody listens on a port that was given back.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let away = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let mut chat = Terminal::start(&world, &away, &[]);
    chat.wait_for("> ");
    chat.enter("alpha");
    chat.wait_for("the answer comes later");
    for line in ["beta", "gamma"] {
        chat.enter(line);
        chat.wait_for("one answer comes to this and to what was said before it");
        chat.wait_for("the answer comes later");
    }
    chat.enter("/discard 3");
    chat.wait_for("Taken back: it is not sent.");
    chat.enter("/tray");
    chat.wait_for("Nothing failed.");
    chat.enter("/undo");
    chat.wait_for("It is back in the queue, and its answer is waited for.");
    chat.enter("/discard 2");
    chat.wait_for("Taken back: it is not sent.");
    chat.enter("/tray");
    chat.wait_for("gamma");
    chat.wait_for("what it follows is not stored");
    chat.enter("/undo");
    chat.wait_for("It is back in the queue, and its answer is waited for.");
    chat.enter("/discard 3");
    chat.wait_for("Taken back: it is not sent.");
    chat.enter("/again");
    chat.wait_for("the answer comes later");
    chat.enter("/edit 2 delta");
    chat.wait_for("Changed; the answer is asked for with the new words.");
    assert!(
        !chat.shown().contains("taken back by you"),
        "{}",
        chat.shown()
    );
    chat.enter("/quit");
    chat.wait_for("2 messages are not saved on the server yet");
    assert_eq!(chat.end(), Some(0), "{}", chat.shown());

    let online = crate::chat_device::chat(&world, server.address(), &[], "");
    assert_eq!(
        (online.code, online.output.as_str()),
        (Some(0), "You said: delta\n"),
        "{}",
        online.errors
    );
    assert_eq!(
        said(server.address()),
        lines(&[
            ("user", "alpha"),
            ("user", "delta"),
            ("assistant", "You said: delta"),
        ])
    );
}
