//! People with accounts on a server, and what they send.

use manent_postgres::Database;
use manent_testkit::{EventReader, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::reply::Reply;

/// What every account of these tests is opened with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A server with accounts; `more` is added to its configuration.
pub(crate) async fn server(more: &str) -> anyhow::Result<TestServer> {
    TestServer::start_with(&format!("mode = \"accounts\"\n{more}")).await
}

/// The secret of servers that share a database.
pub(super) const SECRET: &str = "8a39d2abd3999ab73c34db2476849cddf303ce389b35826850f9a700589b4a90";

/// The configuration of a server with accounts in this database, with more in `[accounts]` and after it.
pub(super) fn shared(database: &Database, accounts: &str, more: &str) -> String {
    shared_url(database.url(), accounts, more)
}

/// The same with the database's address.
pub(super) fn shared_url(url: &str, accounts: &str, more: &str) -> String {
    let accounts = if accounts.contains("secret") {
        accounts.to_owned()
    } else {
        format!("secret = {SECRET:?}\n{accounts}")
    };
    format!("mode = \"accounts\"\n[database]\nurl = {url:?}\n[accounts]\n{accounts}\n{more}")
}

/// Somebody who is signed in, or a program with a key.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) token: String,
    pub(crate) cookie: String,
}

/// The `refreshToken=…` that an answer sets.
pub(crate) fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie");
    set.split(';').next().unwrap_or_default().to_owned()
}

/// Registers somebody.
pub(crate) async fn register(server: &TestServer, email: &str) -> anyhow::Result<()> {
    let client = server.client();
    let body = json!({"name": "Somebody", "email": email, "password": PASSWORD});
    let reply = Reply::to(client.http().post(client.url("/auth/register")).json(&body)).await?;
    anyhow::ensure!(reply.status == 204, "{reply:?}");
    Ok(())
}

/// Asks to be signed in.
pub(crate) async fn try_sign_in(
    server: &TestServer,
    email: &str,
    password: &str,
) -> anyhow::Result<Reply> {
    let client = server.client();
    let body = json!({"email": email, "password": password});
    Reply::to(client.http().post(client.url("/auth/sign-in")).json(&body)).await
}

/// Signs somebody in.
pub(crate) async fn sign_in(server: &TestServer, email: &str) -> anyhow::Result<Person> {
    let reply = try_sign_in(server, email, PASSWORD).await?;
    let body = reply.json();
    anyhow::ensure!(
        reply.status == 200 && body["kind"] == "signedIn",
        "{reply:?}"
    );
    Ok(Person {
        token: body["token"].as_str().unwrap_or_default().to_owned(),
        cookie: cookie(&reply),
    })
}

/// Registers somebody and signs them in.
pub(crate) async fn join(server: &TestServer, email: &str) -> anyhow::Result<Person> {
    register(server, email).await?;
    sign_in(server, email).await
}

impl Person {
    /// Sends a request in this person's name.
    pub(crate) async fn send(
        &self,
        server: &TestServer,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Reply> {
        let client = server.client();
        let mut request = client
            .http()
            .request(method, client.url(path))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        Reply::to(request).await
    }

    /// Reads something.
    pub(crate) async fn get(&self, server: &TestServer, path: &str) -> anyhow::Result<Reply> {
        self.send(server, Method::GET, path, None).await
    }

    /// Follows what a `GET` streams.
    pub(super) async fn stream(
        &self,
        server: &TestServer,
        path: &str,
    ) -> anyhow::Result<EventReader> {
        let client = server.client();
        let request = client.http().get(client.url(path));
        EventReader::new(request.bearer_auth(&self.token).send().await?)
    }

    /// Follows what a `POST` streams.
    pub(super) async fn post_stream(
        &self,
        server: &TestServer,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<EventReader> {
        let client = server.client();
        let request = client.http().post(client.url(path)).json(body);
        EventReader::new(request.bearer_auth(&self.token).send().await?)
    }

    /// A key of this person's with these scopes.
    pub(crate) async fn key(&self, server: &TestServer, scopes: &[&str]) -> anyhow::Result<Self> {
        let body = json!({"name": "program", "scopes": scopes});
        let reply = self
            .send(server, Method::POST, "/keys", Some(&body))
            .await?;
        anyhow::ensure!(reply.status == 201, "{reply:?}");
        Ok(Self {
            token: reply.json()["secret"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            cookie: String::new(),
        })
    }
}

/// Presents a cookie for the next access token.
pub(crate) async fn refresh(server: &TestServer, cookie: &str) -> anyhow::Result<Reply> {
    let client = server.client();
    let request = client.http().post(client.url("/auth/refresh"));
    Reply::to(request.header("cookie", cookie)).await
}
