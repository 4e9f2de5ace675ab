//! Whose account is whose, and who is let in.

use serde_json::{Value, json};

use super::browser::Browser;
use super::provider::{AUDIENCE, Idp};
use super::sign_in::{audited, person};
use crate::accounts::people::{self, PASSWORD, try_sign_in};
use crate::support::Test;

fn ada() -> Value {
    json!({"sub": "ada", "email": "ada@example.org", "email_verified": true, "name": "Ada"})
}

/// Signs somebody in with a new browser; answers where that leads, and the account.
async fn sign_in(
    idp: &Idp,
    server: &manent_testkit::TestServer,
    claims: Value,
) -> anyhow::Result<(String, Value)> {
    idp.person(claims).await?;
    let mut browser = Browser::new()?;
    let place = browser.sign_in(server, "/").await?;
    let account = match person(server, &browser).await {
        Ok(person) => person.get(server, "/account").await?.json(),
        Err(_) => Value::Null,
    };
    Ok((place, account))
}

#[tokio::test]
async fn an_account_with_a_password_is_linked_only_where_that_is_allowed() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("passwords = true").await?;
    people::register(&server, "ada@example.org").await?;
    let refused = sign_in(&idp, &server, ada()).await?;
    assert_eq!(
        refused,
        ("/?signInError=account_exists".to_owned(), Value::Null)
    );
    let directory = server.stop().await;
    let configuration = idp.configuration("passwords = true\nlink_passwords = true");
    let server = manent_testkit::TestServer::start_in(directory, &configuration).await?;
    let own = people::sign_in(&server, "ada@example.org").await?;
    let own = own.get(&server, "/account").await?.json();
    let (place, linked) = sign_in(&idp, &server, ada()).await?;
    assert_eq!((place.as_str(), &linked["id"]), ("/", &own["id"]));
    // Another person of the provider with the same address.
    let eve = json!({"sub": "eve", "email": "ada@example.org", "email_verified": true});
    assert_eq!(
        sign_in(&idp, &server, eve).await?.0,
        "/?signInError=account_exists"
    );
    assert_eq!(
        audited(&server)?,
        [
            "account_created",
            "sign_in_refused",
            "signed_in",
            "openid_linked",
            "signed_in",
            "sign_in_refused"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn passwords_are_off_unless_they_are_wanted_beside_the_provider() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let reply = try_sign_in(&server, "ada@example.org", PASSWORD).await?;
    assert_eq!(reply.problem(), (403, "passwords_off".to_owned()));
    Ok(())
}

#[tokio::test]
async fn only_addresses_that_hold_get_an_account() -> Test {
    let idp = Idp::usual().await?;
    let server = idp
        .server("[accounts]\nallowed_domains = \"example.org\"")
        .await?;
    for (claims, code) in [
        (
            json!({"sub": "a", "email": "a@example.org", "email_verified": false}),
            "email_not_verified",
        ),
        (
            json!({"sub": "b", "email": "b@example.org"}),
            "email_not_verified",
        ),
        (json!({"sub": "c"}), "email_missing"),
        (
            json!({"sub": "d", "email": "d@example.com", "email_verified": true}),
            "domain_not_allowed",
        ),
    ] {
        let (place, account) = sign_in(&idp, &server, claims).await?;
        assert_eq!(
            (place, account),
            (format!("/?signInError={code}"), Value::Null)
        );
    }
    assert_eq!(audited(&server)?, ["sign_in_refused"; 4]);
    Ok(())
}

#[tokio::test]
async fn whoever_has_no_account_gets_none_where_none_are_made() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("create_accounts = false").await?;
    assert_eq!(
        sign_in(&idp, &server, ada()).await?.0,
        "/?signInError=registration_closed"
    );
    Ok(())
}

#[tokio::test]
async fn the_required_role_lets_in_and_the_admin_role_makes_administrators() -> Test {
    let idp = Idp::usual().await?;
    let server = idp
        .server("required_role = \"user, boss\"\nrequired_role_path = \"realm_access.roles\"\nadmin_role = \"boss\"\nadmin_role_path = \"realm_access.roles\"")
        .await?;
    let with = |sub: &str, roles: Value| json!({"sub": sub, "email": format!("{sub}@example.org"), "email_verified": true, "realm_access": {"roles": roles}});
    let role = async |sub: &str, roles: Value| -> anyhow::Result<Value> {
        let (place, account) = sign_in(&idp, &server, with(sub, roles)).await?;
        Ok(if place == "/" {
            account["role"].clone()
        } else {
            json!(place)
        })
    };
    assert_eq!(role("ada", json!(["boss"])).await?, "ADMIN");
    assert_eq!(role("bob", json!(["user"])).await?, "USER");
    assert_eq!(role("bob", json!(["user", "boss"])).await?, "ADMIN");
    assert_eq!(role("bob", json!(["user"])).await?, "USER");
    assert_eq!(
        role("ada", json!(["user"])).await?,
        "ADMIN",
        "nobody else is left"
    );
    assert_eq!(role("bob", json!([])).await?, "/?signInError=role_missing");
    assert_eq!(
        role("eve", json!(["users"])).await?,
        "/?signInError=role_missing"
    );
    Ok(())
}

#[tokio::test]
async fn a_role_may_stand_in_the_access_token() -> Test {
    let idp = Idp::start(json!({"audience": AUDIENCE})).await?;
    let server = idp
        .server("trust_email = true\nrequired_role = \"user\"\nrequired_role_in = \"access_token\"")
        .await?;
    let with = |roles: Value| json!({"sub": "ada", "email": "ada@example.org", "email_verified": true, "roles": roles});
    assert_eq!(sign_in(&idp, &server, with(json!(["user"]))).await?.0, "/");
    assert_eq!(
        sign_in(&idp, &server, with(json!(["other"]))).await?.0,
        "/?signInError=role_missing"
    );
    Ok(())
}
