//! Signing in, from the page and back to it.

use std::collections::HashMap;

use serde_json::json;

use super::browser::{Browser, begin, url};
use super::provider::{CLIENT_ID, Idp};
use crate::accounts::people::{self, Person};
use crate::support::Test;
use crate::support::database;
use crate::support::reply::Reply;

/// The person whose browser this is, as their refresh cookie makes them.
pub(crate) async fn person(
    server: &manent_testkit::TestServer,
    browser: &Browser,
) -> anyhow::Result<Person> {
    let cookies = browser.cookies(server, "/", "refreshToken=");
    let cookie = cookies.first().cloned().unwrap_or_default();
    let reply = people::refresh(server, &cookie).await?;
    anyhow::ensure!(reply.status == 200, "{reply:?}");
    let token = reply.json()["token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Ok(Person {
        token,
        cookie: people::cookie(&reply),
    })
}

/// What the audit log tells, in order.
pub(crate) fn audited(server: &manent_testkit::TestServer) -> anyhow::Result<Vec<String>> {
    let database = database::open(server.data_dir())?;
    let mut statement = database.prepare("SELECT kind FROM audit ORDER BY number")?;
    let kinds = statement.query_map([], |row| row.get(0))?;
    Ok(kinds.collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn somebody_new_signs_in_and_is_where_they_were() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("label = \"Example\"").await?;
    let options = Reply::to(super::provider::client()?.get(url(&server, "/auth/options")?)).await?;
    let options = options.json();
    assert_eq!(
        (
            &options["signIn"],
            &options["passwords"],
            &options["registration"],
            &options["openid"]
        ),
        (
            &json!(true),
            &json!(false),
            &json!("closed"),
            &json!({"label": "Example", "automatic": false, "path": "/oauth/openid"})
        )
    );
    let mut browser = Browser::new()?;
    let place = "/c/0199?x=1#draft";
    assert_eq!(browser.sign_in(&server, place).await?, place);
    let ada = person(&server, &browser).await?;
    let account = ada.get(&server, "/account").await?.json();
    assert_eq!(
        (&account["email"], &account["name"], &account["role"]),
        (
            &json!("ada@example.org"),
            &json!("Ada Lovelace"),
            &json!("ADMIN")
        )
    );
    assert_eq!(ada.get(&server, "/conversations").await?.status, 200);
    assert_eq!(audited(&server)?, ["account_created", "signed_in"]);
    let left = browser.cookies(&server, "/oauth/openid/callback", "manentSignIn");
    assert_eq!(left, Vec::<String>::new(), "the sign-in is over");

    // The same person from another browser: the same account.
    let mut other = Browser::new()?;
    assert_eq!(other.sign_in(&server, "/").await?, "/");
    let again = person(&server, &other)
        .await?
        .get(&server, "/account")
        .await?;
    assert_eq!(again.json()["id"], account["id"]);
    Ok(())
}

#[tokio::test]
async fn the_provider_is_asked_with_pkce_state_and_nonce_and_the_browser_keeps_them_sealed() -> Test
{
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let mut browser = Browser::new()?;
    let reply = browser.open(&begin(&server, "/")?).await?;
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (302, "no-store")
    );
    let asked = reqwest::Url::parse(reply.header("location"))?;
    assert!(asked.as_str().starts_with(&format!("{}/auth?", idp.issuer)));
    let query: HashMap<String, String> = asked.query_pairs().into_owned().collect();
    assert_eq!(query["client_id"], CLIENT_ID);
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["scope"], "openid profile email");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(
        query["redirect_uri"],
        format!("http://{}/oauth/openid/callback", server.address())
    );
    for secret in ["state", "nonce", "code_challenge"] {
        assert!(query[secret].len() >= 22, "{secret}: {}", query[secret]);
    }
    let line = reply.header("set-cookie");
    assert!(
        line.ends_with("; Path=/oauth/openid; Max-Age=600; HttpOnly; SameSite=Lax"),
        "{line}"
    );
    assert!(!line.contains(&query["nonce"]), "sealed");
    Ok(())
}

#[tokio::test]
async fn only_the_browser_that_began_comes_back_and_only_once() -> Test {
    const ELSEWHERE: &str = "/login?redirect=false&error=auth_failed&signInError=sign_in_expired";
    let idp = Idp::usual().await?;
    // A server of the same secret stands for a second node.
    let secret =
        "[accounts]\nsecret = \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"";
    let server = idp.server(secret).await?;
    let node = idp.server(secret).await?;
    let mut browser = Browser::new()?;
    let answer = browser.go_and_come_back(&server).await?;

    let mut stranger = Browser::new()?;
    assert_eq!(stranger.follow(answer.clone(), &server).await?, ELSEWHERE);
    let mut other_state = answer.clone();
    let pairs: Vec<(String, String)> = answer.query_pairs().into_owned().collect();
    other_state
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs.iter().map(|(name, value)| {
            (
                name,
                if name == "state" {
                    "0123456789abcdefghijkl"
                } else {
                    value
                },
            )
        }));
    assert_eq!(browser.follow(other_state, &server).await?, ELSEWHERE);
    assert_eq!(audited(&server)?, Vec::<String>::new());

    let kept = browser
        .cookies(&server, "/oauth/openid/callback", "manentSignIn")
        .join("; ");
    assert_eq!(browser.follow(answer.clone(), &server).await?, "/");
    assert_eq!(audited(&server)?, ["account_created", "signed_in"]);
    // The same answer again, with what the browser had kept for it.
    let replay = async |server: &manent_testkit::TestServer| -> anyhow::Result<String> {
        let mut address = answer.clone();
        let _ = address.set_port(Some(server.address().port()));
        let request = super::provider::client()?
            .get(address)
            .header("cookie", &kept);
        Ok(Reply::to(request).await?.header("location").to_owned())
    };
    assert_eq!(replay(&server).await?, "/?signInError=sign_in_expired");
    assert_eq!(
        replay(&node).await?,
        "/?signInError=answer_invalid",
        "the provider takes a code once"
    );
    assert_eq!(audited(&server)?.len(), 2);
    assert_eq!(audited(&node)?, ["sign_in_refused"]);
    Ok(())
}

#[tokio::test]
async fn whoever_says_no_at_the_provider_is_back_with_a_reason() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    idp.person(json!({"error": "access_denied"})).await?;
    let mut browser = Browser::new()?;
    assert_eq!(
        browser.sign_in(&server, "/c/1?a=b#c").await?,
        "/c/1?a=b&signInError=provider_refused#c"
    );
    assert_eq!(
        browser.cookies(&server, "/", "refreshToken"),
        Vec::<String>::new()
    );
    Ok(())
}

#[tokio::test]
async fn nobody_is_led_away_from_the_server() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    for place in [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "",
    ] {
        let mut browser = Browser::new()?;
        assert_eq!(browser.sign_in(&server, place).await?, "/", "{place}");
    }
    Ok(())
}

#[tokio::test]
async fn claims_may_come_from_the_userinfo_endpoint() -> Test {
    let idp = Idp::start(json!({"claimsInUserinfo": true})).await?;
    let server = idp.server("").await?;
    let mut browser = Browser::new()?;
    assert_eq!(browser.sign_in(&server, "/").await?, "/");
    let account = person(&server, &browser)
        .await?
        .get(&server, "/account")
        .await?;
    assert_eq!(account.json()["email"], "ada@example.org");
    assert_eq!(idp.asked("/me"), 1);
    Ok(())
}

#[tokio::test]
async fn librechat_s_client_is_led_to_where_it_looks() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let begin = url(&server, "/oauth/openid")?;
    let mut browser = Browser::new()?;
    assert_eq!(browser.follow(begin.clone(), &server).await?, "/");
    idp.person(json!({"error": "access_denied"})).await?;
    let mut other = Browser::new()?;
    let failed = "/login?redirect=false&error=auth_failed";
    assert_eq!(other.follow(begin, &server).await?, failed);
    let error = Reply::to(super::provider::client()?.get(url(&server, "/oauth/error")?)).await?;
    assert_eq!((error.status, error.header("location")), (302, failed));
    Ok(())
}

#[tokio::test]
async fn many_tabs_may_sign_in_at_once_and_the_oldest_are_given_up() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let mut browser = Browser::new()?;
    let first = browser.go_and_come_back(&server).await?;
    let second = browser.go_and_come_back(&server).await?;
    assert_eq!(browser.follow(first, &server).await?, "/");
    assert_eq!(browser.follow(second, &server).await?, "/");
    for _ in 0..20 {
        browser.open(&begin(&server, "/")?).await?;
    }
    let kept = browser.cookies(&server, "/oauth/openid", "manentSignIn");
    assert!(kept.len() <= 5, "{}", kept.len());
    Ok(())
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_address() -> Test {
    let server = people::server("").await?;
    let reply = Reply::to(super::provider::client()?.get(url(&server, "/oauth/openid")?)).await?;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()));
    Ok(())
}
