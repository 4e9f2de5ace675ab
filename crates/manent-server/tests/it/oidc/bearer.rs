//! Tokens of the provider that programs send.

use serde_json::{Value, json};

use super::browser::Browser;
use super::provider::{AUDIENCE, Front, Idp};
use super::sign_in::{audited, person};
use super::tampering::Signature;
use super::tokens::now;
use crate::accounts::people::Person;
use crate::support::Test;

const TAKEN: &str = "audiences = \"other, https://chat.example.org\"";

fn claims(idp: &Idp) -> Value {
    json!({
        "iss": idp.issuer, "aud": AUDIENCE, "sub": "ada", "exp": now() + 300, "iat": now(),
        "email": "ada@example.org", "email_verified": true,
    })
}

fn program(idp: &Idp, claims: &Value, signature: Signature) -> Person {
    Person {
        token: idp.signer().sign(claims, signature),
        cookie: String::new(),
    }
}

#[tokio::test]
async fn a_program_may_send_a_token_of_the_provider() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server(TAKEN).await?;
    let program = program(&idp, &claims(&idp), Signature::Good);
    for _ in 0..2 {
        let account = program.get(&server, "/account").await?.json();
        assert_eq!(account["email"], "ada@example.org");
    }
    assert_eq!(audited(&server)?, ["account_created"]);
    // It is the account of whoever signs in as the same person.
    let mut browser = Browser::new()?;
    browser.sign_in(&server, "/").await?;
    let ada = person(&server, &browser).await?;
    let own = ada.get(&server, "/account").await?.json();
    assert_eq!(
        own["id"],
        program.get(&server, "/account").await?.json()["id"]
    );
    // It reads and writes, but it is no person who signed in.
    assert_eq!(program.get(&server, "/conversations").await?.status, 200);
    assert_eq!(program.get(&server, "/account/sessions").await?.status, 403);
    Ok(())
}

#[tokio::test]
async fn no_token_of_a_program_is_believed_that_does_not_hold() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server(TAKEN).await?;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&idp);
        claims[name] = value;
        claims
    };
    let usual = claims(&idp);
    for (name, claims, signature) in [
        (
            "another audience",
            with("aud", json!("https://elsewhere.example")),
            Signature::Good,
        ),
        (
            "the client itself",
            with("aud", json!("manent")),
            Signature::Good,
        ),
        ("no audience", with("aud", json!([])), Signature::Good),
        (
            "another issuer",
            with("iss", json!("https://evil.example")),
            Signature::Good,
        ),
        ("expired", with("exp", json!(now() - 60)), Signature::Good),
        ("not yet", with("nbf", json!(now() + 120)), Signature::Good),
        ("none", usual.clone(), Signature::None),
        ("public key", usual.clone(), Signature::PublicKeyAsSecret),
        ("client secret", usual.clone(), Signature::ClientSecret),
        ("unknown key", usual.clone(), Signature::UnknownKey),
    ] {
        let reply = program(&idp, &claims, signature)
            .get(&server, "/account")
            .await?;
        assert_eq!(reply.problem(), (401, "signed_out".to_owned()), "{name}");
    }
    assert_eq!(audited(&server)?, Vec::<String>::new());
    assert_eq!(
        idp.asked("/jwks"),
        2,
        "once at the start, once for the unknown key"
    );
    let good = program(&idp, &usual, Signature::Good);
    assert_eq!(good.get(&server, "/account").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn no_token_of_the_provider_is_taken_unless_that_is_configured() -> Test {
    let idp = Idp::usual().await?;
    let server = idp.server("").await?;
    let program = program(&idp, &claims(&idp), Signature::Good);
    let reply = program.get(&server, "/account").await?;
    assert_eq!(reply.problem(), (401, "signed_out".to_owned()));
    Ok(())
}

#[tokio::test]
async fn whoever_may_not_come_in_is_told_so() -> Test {
    let idp = Idp::usual().await?;
    let server = idp
        .server(&format!("{TAKEN}\nrequired_role = \"user\""))
        .await?;
    let mut claims = claims(&idp);
    let refused = program(&idp, &claims, Signature::Good);
    let reply = refused.get(&server, "/account").await?;
    assert_eq!(reply.problem(), (403, "role_missing".to_owned()));
    claims["roles"] = json!(["user"]);
    let let_in = program(&idp, &claims, Signature::Good);
    assert_eq!(let_in.get(&server, "/account").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_is_no_reason_to_sign_in_again() -> Test {
    let idp = Idp::usual().await?;
    idp.front(Front::Fails, None);
    let server = idp.server(TAKEN).await?;
    let program = program(&idp, &claims(&idp), Signature::Good);
    let reply = program.get(&server, "/account").await?;
    assert_eq!(reply.problem(), (503, "sign_in_unavailable".to_owned()));
    idp.front(Front::Open, None);
    assert_eq!(program.get(&server, "/account").await?.status, 200);
    idp.front(Front::Fails, None);
    assert_eq!(
        program.get(&server, "/account").await?.status,
        200,
        "the keys are known"
    );
    Ok(())
}
