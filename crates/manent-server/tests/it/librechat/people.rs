//! People who use LibreChat's client.

use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::reply::Reply;

/// What every account of these tests is opened with.
pub(super) const PASSWORD: &str = "correct horse battery staple";

/// A server for LibreChat's client; `more` is added to its configuration.
pub(super) async fn server(more: &str) -> anyhow::Result<TestServer> {
    let configuration = format!("mode = \"accounts\"\n{more}\n[librechat]\nenabled = true\n");
    TestServer::start_with(&configuration).await
}

/// Somebody who is signed in, or somebody who is not.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    pub(super) token: String,
    /// `refreshToken=…`.
    pub(super) cookie: String,
}

/// Sends a request without saying who asks.
pub(super) async fn send(
    server: &TestServer,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Reply> {
    Person::default().send(server, method, path, body).await
}

/// Posts without saying who asks.
pub(super) async fn post(server: &TestServer, path: &str, body: Value) -> anyhow::Result<Reply> {
    send(server, Method::POST, path, Some(&body)).await
}

/// Registers somebody.
pub(super) async fn register(server: &TestServer, email: &str) -> anyhow::Result<Reply> {
    let body = json!({"name": "Ada Lovelace", "username": "ada", "email": email, "password": PASSWORD, "confirm_password": PASSWORD});
    post(server, "/api/auth/register", body).await
}

/// Asks to be signed in.
pub(super) async fn login(
    server: &TestServer,
    email: &str,
    password: &str,
) -> anyhow::Result<Reply> {
    post(
        server,
        "/api/auth/login",
        json!({"email": email, "password": password}),
    )
    .await
}

/// Presents a cookie for the next access token.
pub(super) async fn refresh(
    server: &TestServer,
    path: &str,
    cookie: &str,
) -> anyhow::Result<Reply> {
    let client = server.client();
    let mut request = client.http().post(client.url(path));
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    Reply::to(request).await
}

/// Every `Set-Cookie` of an answer.
pub(super) fn cookies(reply: &Reply) -> Vec<String> {
    let set = reply.headers.get_all("set-cookie").iter();
    set.filter_map(|value| value.to_str().ok())
        .map(ToOwned::to_owned)
        .collect()
}

/// The refresh token that an answer sets, as a client sends it back.
pub(super) fn cookie(reply: &Reply) -> String {
    let set = cookies(reply);
    let found = set.iter().find(|set| set.starts_with("refreshToken="));
    let pair = found.and_then(|set| set.split(';').next());
    pair.unwrap_or_default().to_owned()
}

/// Whoever an answer has signed in.
pub(super) fn person(reply: &Reply) -> anyhow::Result<Person> {
    let body = reply.json();
    let token = body["token"].as_str();
    let token = token.ok_or_else(|| anyhow::anyhow!("nobody is signed in: {reply:?}"))?;
    Ok(Person {
        token: token.to_owned(),
        cookie: cookie(reply),
    })
}

/// Signs somebody in.
pub(super) async fn sign_in(server: &TestServer, email: &str) -> anyhow::Result<Person> {
    person(&login(server, email, PASSWORD).await?)
}

/// Registers somebody and signs them in.
pub(super) async fn join(server: &TestServer, email: &str) -> anyhow::Result<Person> {
    register(server, email).await?;
    sign_in(server, email).await
}

/// A text as it is: a status and the body.
pub(super) fn text(reply: &Reply) -> (u16, String) {
    (
        reply.status,
        String::from_utf8_lossy(&reply.body).into_owned(),
    )
}

/// A refusal: a status and its message, and nothing else.
pub(super) fn message(reply: &Reply) -> (u16, String) {
    let body = reply.json();
    let message = body["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(body, json!({ "message": message }), "{reply:?}");
    (reply.status, message)
}

impl Person {
    /// Sends a request in this person's name.
    pub(super) async fn send(
        &self,
        server: &TestServer,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Reply> {
        let client = server.client();
        let mut request = client.http().request(method, client.url(path));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Reply::to(request).await
    }

    /// Reads something.
    pub(super) async fn get(&self, server: &TestServer, path: &str) -> anyhow::Result<Reply> {
        self.send(server, Method::GET, path, None).await
    }

    /// Posts something.
    pub(super) async fn post(
        &self,
        server: &TestServer,
        path: &str,
        body: Value,
    ) -> anyhow::Result<Reply> {
        self.send(server, Method::POST, path, Some(&body)).await
    }
}
