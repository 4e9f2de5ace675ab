use std::io::Read;

use rustix::process::Signal;

use crate::http::{request, unfinished_request};
use crate::world::World;

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"];

#[test]
fn serve_says_where_it_is_ready_and_stops_with_code_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = World::new();
        let mut server = world.start(&SERVE, &[]);
        let address = server.address().to_owned();
        assert_eq!(
            server.first_line,
            format!("Manent is ready at http://{address}\n")
        );
        assert!(address.starts_with("127.0.0.1:"));
        assert!(request(&address, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0));
        let mut rest = String::new();
        server.output.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("work/data"), "{rest}");
        assert!(rest.contains("a built-in demonstration answers"), "{rest}");
    }
}

#[test]
fn a_first_signal_waits_for_open_requests_and_a_second_one_does_not() {
    let world = World::new();
    let mut arguments = SERVE.to_vec();
    arguments.extend([
        "--set",
        "http.shutdown_grace=10m",
        "--set",
        "http.body_read_timeout=10m",
    ]);
    let mut server = world.start(&arguments, &[]);
    let open = unfinished_request(server.address());
    server.signal(Signal::TERM);
    server.wait_for_log("a second signal ends at once");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(143));
    drop(open);
}

#[test]
fn open_requests_are_cut_when_their_time_is_over() {
    let world = World::new();
    let mut arguments = SERVE.to_vec();
    arguments.extend([
        "--set",
        "http.shutdown_grace=100ms",
        "--set",
        "http.body_read_timeout=10m",
    ]);
    let mut server = world.start(&arguments, &[]);
    let open = unfinished_request(server.address());
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    drop(open);
}

#[test]
fn the_scripted_provider_answers_for_both_real_adapters() {
    let world = World::new();
    let scripted = world.start(
        &["scripted", "--listen", "127.0.0.1:0", "--require-key", "k"],
        &[],
    );
    let url = format!("http://{}", scripted.address());
    assert_eq!(
        scripted.first_line,
        format!("Scripted answers are ready at {url}\n")
    );
    let server = world.start(
        &SERVE,
        &[
            ("ANTHROPIC_BASE_URL", &url),
            ("ANTHROPIC_API_KEY", "k"),
            ("OPENAI_BASE_URL", &format!("{url}/v1")),
            ("OPENAI_API_KEY", "k"),
        ],
    );
    for provider in ["anthropic", "openai"] {
        let body = format!(
            r#"{{"messages":[{{"role":"user","content":"Hello"}}],"config":{{"provider":"{provider}","model":"any"}}}}"#
        );
        let answer = request(server.address(), "POST", "/completion/generate", &body);
        assert!(
            answer.contains("event: start") && answer.contains("event: done"),
            "{answer}"
        );
    }
}

#[test]
fn the_log_is_json_when_nobody_watches_and_tells_warnings() {
    let world = World::new();
    world.file(
        "manent.toml",
        "[[providers]]\nid = \"far\"\nkind = \"openai\"\nbase_url = \"http://192.0.2.1/v1\"\napi_key = \"hush\"\nmodels = [\"m\"]\n",
    );
    let mut server = world.start(&SERVE, &[]);
    let line = server.wait_for_log("unencrypted");
    let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&entry["level"], &entry["message"]), (
        &"WARN".into(),
        &"manent.toml:4: warning: `providers.far.base_url` sends the key unencrypted; use https:// unless the network is your own".into(),
    ));
}
