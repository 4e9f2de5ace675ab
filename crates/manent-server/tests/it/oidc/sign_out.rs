//! Signing out here, and at the provider.

use reqwest::{Method, Url};
use serde_json::json;

use super::browser::Browser;
use super::provider::{Idp, client};
use super::sign_in::person;
use crate::accounts::people::Person;
use crate::support::Test;
use crate::support::reply::Reply;

/// Signs somebody out whose browser this is.
async fn sign_out(
    server: &manent_testkit::TestServer,
    browser: &Browser,
    person: &Person,
) -> anyhow::Result<Reply> {
    let sent = browser.cookies(server, "/auth/sign-out", "").join("; ");
    let request = client()?.post(super::browser::url(server, "/auth/sign-out")?);
    Reply::to(request.bearer_auth(&person.token).header("cookie", sent)).await
}

#[tokio::test]
async fn whoever_signs_out_is_signed_out_at_the_provider_too() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let mut browser = Browser::new()?;
    browser.sign_in(&server, "/").await?;
    let ada = person(&server, &browser).await?;
    assert_eq!(
        browser.cookies(&server, "/account", "openidSession"),
        Vec::<String>::new(),
        "sent to the sign-out alone"
    );
    let out = sign_out(&server, &browser, &ada).await?;
    assert_eq!(out.status, 200, "{out:?}");
    let gone: Vec<_> = out.headers.get_all("set-cookie").iter().collect();
    assert_eq!(gone.len(), 3, "{gone:?}");
    assert_eq!(ada.get(&server, "/account").await?.status, 401);

    let redirect = out.json()["redirect"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let redirect = Url::parse(&redirect)?;
    let parameter = |name: &str| redirect.query_pairs().find(|(other, _)| other == name);
    assert!(
        redirect
            .as_str()
            .starts_with(&format!("{}/session/end?", idp.issuer))
    );
    let hint = parameter("id_token_hint").map(|(_, token)| super::tampering::claims_of(&token));
    assert_eq!(hint.map(|claims| claims["sub"].clone()), Some(json!("ada")));
    let back = format!("http://{}/", server.address());
    assert_eq!(
        parameter("post_logout_redirect_uri").map(|(_, url)| url.into_owned()),
        Some(back.clone())
    );

    // The provider takes it, asks whether it is meant, and sends the browser back.
    let page = browser.open(&redirect).await?;
    assert_eq!(page.status, 200, "{page:?}");
    let text = String::from_utf8(page.body)?;
    let secret = text
        .split("name=\"xsrf\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let confirm = redirect.join("/session/end/confirm")?;
    let reply = browser
        .submit(
            &confirm,
            &[("xsrf", secret.unwrap_or_default()), ("logout", "yes")],
        )
        .await?;
    assert_eq!(reply.header("location"), back, "{reply:?}");

    // It asks again who somebody is.
    idp.person(json!({"sub": "bob", "email": "bob@example.org", "email_verified": true}))
        .await?;
    browser.sign_in(&server, "/").await?;
    let bob = person(&server, &browser)
        .await?
        .get(&server, "/account")
        .await?;
    assert_eq!(bob.json()["email"], "bob@example.org");
    Ok(())
}

#[tokio::test]
async fn an_id_token_is_worth_nothing_with_another_session() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let (mut one, mut two) = (Browser::new()?, Browser::new()?);
    one.sign_in(&server, "/").await?;
    two.sign_in(&server, "/").await?;
    let other = person(&server, &two).await?;
    let out = sign_out(&server, &one, &other).await?;
    assert_eq!(out.status, 204, "{out:?}");
    Ok(())
}

#[tokio::test]
async fn the_provider_is_left_alone_where_that_is_configured() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("end_session = false").await?;
    let mut browser = Browser::new()?;
    browser.sign_in(&server, "/").await?;
    let ada = person(&server, &browser).await?;
    assert_eq!(
        browser.cookies(&server, "/auth/sign-out", "openidSession"),
        Vec::<String>::new()
    );
    let out = ada
        .send(&server, Method::POST, "/auth/sign-out", None)
        .await?;
    assert_eq!(out.status, 204, "{out:?}");
    Ok(())
}
