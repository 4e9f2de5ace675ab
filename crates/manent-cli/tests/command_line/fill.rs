//! A data directory that a server filled.

use manent_testkit::new_id;
use rustix::process::Signal;

use crate::http::request;
use crate::world::{Running, World};

/// Starts a server on a data directory, stores a conversation with three messages, and stops it.
pub(crate) fn filled(world: &World, data_dir: &str) {
    let mut server = serving(world, data_dir);
    let conversation = new_id();
    let body = format!(r#"{{"id":"{conversation}"}}"#);
    post(&server, "/conversation/create", &body);
    for number in 1..4 {
        let body = format!(
            r#"{{"messages":[{{"conversationId":"{conversation}","role":"user","content":"message {number}"}}]}}"#
        );
        post(&server, "/message/append", &body);
    }
    server.signal(Signal::TERM);
    assert!(server.wait().success());
}

/// Starts a server on any free port.
pub(crate) fn serving(world: &World, data_dir: &str) -> Running {
    world.start(
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir],
        &[],
    )
}

fn post(server: &Running, path: &str, body: &str) {
    let answer = request(server.address(), "POST", path, body);
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}
