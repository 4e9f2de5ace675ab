//! The second factor.

use manent_domain::ports::Clock;
use manent_server::SystemClock;
use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use super::people::{PASSWORD, Person, cookie, join, login, message, person, post, server};
use crate::support::Test;
use crate::support::reply::Reply;

/// What an authenticator with this secret shows now.
fn code(secret: &str) -> anyhow::Result<String> {
    let secret = Secret::try_from_base32(secret).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let authenticator = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret)
        .build_noncompliant();
    let seconds = u64::try_from(SystemClock.now().as_millisecond() / 1_000)?;
    Ok(authenticator.generate(seconds).to_string())
}

/// The secret that an authenticator would read.
fn secret(begun: &Reply) -> String {
    let body = begun.json();
    let url = body["otpauthUrl"].as_str().unwrap_or_default();
    assert!(url.starts_with("otpauth://totp/"), "{url}");
    let (_, rest) = url.split_once("secret=").unwrap_or_default();
    rest.split('&').next().unwrap_or_default().to_owned()
}

fn backup_codes(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    let codes = body["backupCodes"].as_array().cloned().unwrap_or_default();
    codes
        .iter()
        .filter_map(|code| code.as_str().map(ToOwned::to_owned))
        .collect()
}

async fn ask(
    server: &TestServer,
    person: &Person,
    what: &str,
    body: Value,
) -> anyhow::Result<Reply> {
    person
        .post(server, &format!("/api/auth/2fa/{what}"), body)
        .await
}

#[tokio::test]
async fn a_second_factor_from_its_beginning_to_its_end() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let none = ask(&server, &ada, "verify", json!({"token": "000000"})).await?;
    assert_eq!(message(&none), (400, "2FA not initiated".to_owned()));
    assert_eq!(
        ask(&server, &ada, "disable", json!({"token": "000000"}))
            .await?
            .status,
        400
    );
    assert_eq!(ask(&server, &ada, "confirm", json!({})).await?.status, 400);

    let begun = ask(&server, &ada, "enable", json!({})).await?;
    assert_eq!(begun.status, 200, "{begun:?}");
    let (secret, codes) = (secret(&begun), backup_codes(&begun));
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 8));
    // Nothing is asked for until it is confirmed.
    assert_eq!(
        login(&server, "ada@example.org", PASSWORD).await?.json()["twoFAPending"],
        Value::Null
    );
    let wrong = ask(&server, &ada, "verify", json!({"token": "no code"})).await?;
    assert_eq!(
        message(&wrong),
        (400, "Invalid token or backup code.".to_owned())
    );
    let now = code(&secret)?;
    assert_eq!(
        ask(&server, &ada, "verify", json!({"token": now}))
            .await?
            .status,
        200
    );
    let wrong = ask(&server, &ada, "confirm", json!({"token": "no code"})).await?;
    assert_eq!(message(&wrong), (400, "Invalid token.".to_owned()));
    assert_eq!(
        ask(&server, &ada, "confirm", json!({"token": now}))
            .await?
            .status,
        200
    );
    assert_eq!(
        ada.get(&server, "/api/user").await?.json()["twoFactorEnabled"],
        true
    );

    let pending = login(&server, "ada@example.org", PASSWORD).await?;
    let body = pending.json();
    assert_eq!((pending.status, &body["twoFAPending"]), (200, &json!(true)));
    assert_eq!(
        (cookie(&pending), &body["token"]),
        (String::new(), &Value::Null)
    );
    let temporary = body["tempToken"].clone();
    let step = "/api/auth/2fa/verify-temp";
    let missing = post(&server, step, json!({"tempToken": temporary})).await?;
    assert_eq!(missing.status, 400);
    let forged = post(&server, step, json!({"tempToken": "x", "token": "000000"})).await?;
    assert_eq!(
        message(&forged),
        (401, "Invalid or expired temporary token".to_owned())
    );
    // The code that confirmed was used, and is used no more.
    let used = post(&server, step, json!({"tempToken": temporary, "token": now})).await?;
    assert_eq!(
        message(&used),
        (401, "Invalid 2FA code or backup code".to_owned())
    );
    let finished = post(
        &server,
        step,
        json!({"tempToken": temporary, "backupCode": codes[0]}),
    )
    .await?;
    assert_eq!(finished.status, 200, "{finished:?}");
    assert_eq!(
        person(&finished)?.get(&server, "/api/user").await?.status,
        200
    );
    let twice = post(
        &server,
        step,
        json!({"tempToken": temporary, "backupCode": codes[0]}),
    )
    .await?;
    assert_eq!(twice.status, 401);
    Ok(())
}

#[tokio::test]
async fn what_protects_an_account_is_changed_with_a_proof_only() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let begun = ask(&server, &ada, "enable", json!({})).await?;
    let secret = secret(&begun);
    ask(&server, &ada, "confirm", json!({"token": code(&secret)?})).await?;

    for what in ["enable", "disable", "backup/regenerate"] {
        assert_eq!(
            ask(&server, &ada, what, json!({})).await?.status,
            400,
            "{what}"
        );
        let wrong = ask(&server, &ada, what, json!({"backupCode": "00000000"})).await?;
        assert_eq!(wrong.status, 401, "{what}: {wrong:?}");
    }
    let deletion = ada
        .send(&server, Method::DELETE, "/api/user/delete", None)
        .await?;
    assert_eq!(deletion.status, 400);
    Ok(())
}

#[tokio::test]
async fn backup_codes_are_replaced_and_the_factor_is_switched_off() -> Test {
    let server = server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let begun = ask(&server, &ada, "enable", json!({})).await?;
    let (secret, codes) = (secret(&begun), backup_codes(&begun));
    ask(&server, &ada, "confirm", json!({"token": code(&secret)?})).await?;
    let replaced = ask(
        &server,
        &ada,
        "backup/regenerate",
        json!({"backupCode": codes[0]}),
    )
    .await?;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    let new = backup_codes(&replaced);
    let body = replaced.json();
    let hashes = body["backupCodesHash"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!((new.len(), hashes.len()), (10, 10));
    for hash in hashes {
        let digest = hash["codeHash"].as_str().unwrap_or_default();
        assert_eq!(
            (digest.len(), &hash["used"], &hash["usedAt"]),
            (64, &json!(false), &Value::Null)
        );
    }
    let old = ask(&server, &ada, "disable", json!({"backupCode": codes[1]})).await?;
    assert_eq!(old.status, 401);
    let off = ask(&server, &ada, "disable", json!({"backupCode": new[0]})).await?;
    assert_eq!(off.status, 200, "{off:?}");
    assert_eq!(
        ada.get(&server, "/api/user").await?.json()["twoFactorEnabled"],
        false
    );
    assert!(login(&server, "ada@example.org", PASSWORD).await?.json()["token"].is_string());
    Ok(())
}
