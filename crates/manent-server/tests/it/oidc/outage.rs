//! The provider is down.

use std::time::{Duration, Instant};

use super::browser::{Browser, begin};
use super::provider::{Front, Idp};
use super::sign_in::{audited, person};
use crate::support::Test;

#[tokio::test]
async fn the_server_starts_without_its_provider_and_finds_it_later() -> Test {
    let idp = Idp::usual().await?;
    idp.front(Front::Fails, None);
    let server = idp.server("").await?;
    assert_eq!(server.client().get("/healthz").await?.status, 200);
    let mut browser = Browser::new()?;
    let failed = "/c/1?signInError=provider_unavailable";
    assert_eq!(browser.sign_in(&server, "/c/1").await?, failed);
    idp.front(Front::Open, None);
    assert_eq!(browser.sign_in(&server, "/c/1").await?, "/c/1");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_goes_in_the_middle_costs_the_sign_in_and_nothing_else() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let mut browser = Browser::new()?;
    browser.sign_in(&server, "/").await?;
    let ada = person(&server, &browser).await?;

    let mut other = Browser::new()?;
    let answer = other.go_and_come_back(&server).await?;
    idp.front(Front::Fails, None);
    assert_eq!(
        other.follow(answer, &server).await?,
        "/?signInError=provider_unavailable"
    );
    // What was discovered is still known; whoever is signed in stays so.
    let begun = other.open(&begin(&server, "/")?).await?;
    assert!(begun.header("location").starts_with(&idp.issuer));
    assert_eq!(ada.get(&server, "/conversations").await?.status, 200);
    let again = person(&server, &browser).await;
    assert!(again.is_ok(), "the next access token needs no provider");
    assert_eq!(audited(&server)?, ["account_created", "signed_in"]);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_never_answers_is_not_waited_for() -> Test {
    let idp = Idp::usual().await?;
    idp.front(Front::Hangs, None);
    let server = idp.server("timeout = \"1s\"").await?;
    let began = Instant::now();
    let browsers = (0..8).map(async |_| Browser::new()?.sign_in(&server, "/").await);
    let places = futures_util::future::try_join_all(browsers).await?;
    assert_eq!(places, ["/?signInError=provider_unavailable"; 8]);
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "one after another would take longer: {:?}",
        began.elapsed()
    );
    assert_eq!(server.client().get("/healthz").await?.status, 200);
    idp.front(Front::Hangs, Some("/token"));
    let mut browser = Browser::new()?;
    assert_eq!(
        browser.sign_in(&server, "/").await?,
        "/?signInError=provider_unavailable"
    );
    Ok(())
}

#[tokio::test]
async fn a_provider_of_another_name_is_none() -> Test {
    let idp = Idp::usual().await?;
    let configuration = idp
        .configuration("")
        .replace(&idp.issuer, &format!("{}/", idp.issuer));
    let server = manent_testkit::TestServer::start_with(&configuration).await?;
    assert_eq!(
        Browser::new()?.sign_in(&server, "/").await?,
        "/?signInError=answer_invalid"
    );
    Ok(())
}
