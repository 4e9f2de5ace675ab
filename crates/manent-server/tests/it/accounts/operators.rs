//! What is told of the server to whom.

use manent_testkit::TestServer;

use super::people::{self, Person, join};
use crate::support::Test;
use crate::support::reply::Reply;

/// Asks as if through a proxy; with somebody's token, if one is given.
async fn through_a_proxy(
    server: &TestServer,
    path: &str,
    person: Option<&Person>,
) -> anyhow::Result<Reply> {
    let client = server.client();
    let mut request = client.http().get(client.url(path));
    request = request.header("x-forwarded-for", "203.0.113.9");
    if let Some(person) = person {
        request = request.bearer_auth(&person.token);
    }
    Reply::to(request).await
}

#[tokio::test]
async fn figures_are_for_those_who_run_the_server() -> Test {
    let server = people::server("").await?;
    let root = join(&server, "root@example.org").await?;
    let person = join(&server, "ada@example.org").await?;
    let program = root.key(&server, &["admin"]).await?;
    let reader = root.key(&server, &["read"]).await?;
    let here = crate::support::reply::get(server.client(), "/metrics").await?;
    assert_eq!(here.status, 200);
    for (who, status) in [
        (None, 401),
        (Some(&person), 403),
        (Some(&reader), 403),
        (Some(&root), 200),
        (Some(&program), 200),
    ] {
        let metrics = through_a_proxy(&server, "/metrics", who).await?;
        assert_eq!(metrics.status, status, "{who:?}");
        let ready = through_a_proxy(&server, "/readyz", who).await?;
        assert_eq!(ready.status, 200, "{who:?}");
        let parts = ready.json()["parts"].as_array().map_or(0, Vec::len);
        assert_eq!(parts > 0, status == 200, "{who:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_local_owner_runs_the_server() -> Test {
    let server = TestServer::start().await?;
    assert_eq!(
        through_a_proxy(&server, "/metrics", None).await?.status,
        200
    );
    Ok(())
}
