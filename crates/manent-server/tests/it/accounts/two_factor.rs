//! The second factor.

use manent_credentials::server_secret::ServerSecrets;
use manent_domain::ports::Clock;
use manent_server::SystemClock;
use manent_testkit::TestServer;
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use super::people::{self, PASSWORD, Person, join, try_sign_in};
use crate::support::Test;
use crate::support::reply::Reply;

/// What an authenticator with this secret shows, so many steps from now.
fn code(secret: &str, steps: u64) -> anyhow::Result<String> {
    let authenticator = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Secret::try_from_base32(secret).map_err(|error| anyhow::anyhow!("{error:?}"))?)
        .build_noncompliant();
    let seconds = u64::try_from(SystemClock.now().as_millisecond() / 1_000)?;
    Ok(authenticator.generate(seconds + steps * 30).to_string())
}

async fn send(
    server: &TestServer,
    person: &Person,
    method: Method,
    path: &str,
    body: Value,
) -> anyhow::Result<Reply> {
    let path = format!("/account/two-factor{path}");
    person.send(server, method, &path, Some(&body)).await
}

async fn second_step(server: &TestServer, proof: (&str, &str)) -> anyhow::Result<Reply> {
    let first = try_sign_in(server, "ada@example.org", PASSWORD)
        .await?
        .json();
    anyhow::ensure!(first["kind"] == "secondFactorNeeded", "{first}");
    let client = server.client();
    let mut body = json!({"token": first["token"]});
    body[proof.0] = json!(proof.1);
    Reply::to(
        client
            .http()
            .post(client.url("/auth/second-factor"))
            .json(&body),
    )
    .await
}

#[tokio::test]
async fn a_second_factor_is_begun_confirmed_used_and_switched_off() -> Test {
    let server = people::server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let state = async || anyhow::Ok(ada.get(&server, "/account/two-factor").await?.json());
    let off = json!({"enabled": false, "since": null, "pending": false, "backupCodesLeft": 0});
    assert_eq!(state().await?, off);
    let nothing = send(
        &server,
        &ada,
        Method::POST,
        "/confirm",
        json!({"code": "000000"}),
    )
    .await?;
    assert_eq!(nothing.problem(), (409, "two_factor_not_begun".to_owned()));

    let begun = send(&server, &ada, Method::POST, "", json!({})).await?;
    assert_eq!(begun.status, 200, "{begun:?}");
    let begun = begun.json();
    let secret = begun["secret"].as_str().unwrap_or_default();
    let codes: Vec<&str> = begun["backupCodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(codes.len(), 10);
    let address = begun["otpauthUrl"].as_str().unwrap_or_default();
    assert!(
        address.starts_with("otpauth://totp/Manent") && address.contains(secret),
        "{address}"
    );
    // What waits is not asked for.
    let early = try_sign_in(&server, "ada@example.org", PASSWORD).await?;
    assert_eq!(early.json()["kind"], "signedIn");

    let wrong = send(
        &server,
        &ada,
        Method::POST,
        "/confirm",
        json!({"code": "12345"}),
    )
    .await?;
    assert_eq!(wrong.problem(), (422, "second_factor_wrong".to_owned()));
    let first_code = code(secret, 0)?;
    let confirmed = send(
        &server,
        &ada,
        Method::POST,
        "/confirm",
        json!({"code": first_code}),
    )
    .await?;
    assert_eq!(confirmed.status, 204, "{confirmed:?}");
    assert_eq!(state().await?["backupCodesLeft"], 10);

    // Each code works once.
    let replayed = second_step(&server, ("code", &first_code)).await?;
    assert_eq!(replayed.problem(), (422, "second_factor_wrong".to_owned()));
    let signed_in = second_step(&server, ("code", &code(secret, 1)?)).await?;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    let with_backup = second_step(&server, ("backupCode", codes[0])).await?;
    assert_eq!(with_backup.status, 200, "{with_backup:?}");
    assert_eq!(state().await?["backupCodesLeft"], 9);

    let unproven = send(&server, &ada, Method::POST, "", json!({})).await?;
    assert_eq!(unproven.problem(), (403, "second_factor_needed".to_owned()));
    let renewed = send(
        &server,
        &ada,
        Method::POST,
        "/backup-codes",
        json!({"backupCode": codes[1]}),
    )
    .await?;
    let fresh = renewed.json()["backupCodes"][0]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let disabled = send(
        &server,
        &ada,
        Method::DELETE,
        "",
        json!({"backupCode": fresh}),
    )
    .await?;
    assert_eq!(disabled.status, 204, "{disabled:?}");
    assert_eq!(state().await?, off);
    Ok(())
}

#[tokio::test]
async fn an_administrator_switches_off_what_somebody_lost() -> Test {
    let server = people::server("").await?;
    let admin = join(&server, "admin@example.org").await?;
    let ada = join(&server, "ada@example.org").await?;
    let begun = send(&server, &ada, Method::POST, "", json!({}))
        .await?
        .json();
    let code = code(begun["secret"].as_str().unwrap_or_default(), 0)?;
    let confirmed = send(
        &server,
        &ada,
        Method::POST,
        "/confirm",
        json!({"code": code}),
    )
    .await?;
    assert_eq!(confirmed.status, 204, "{confirmed:?}");
    let id = ada.get(&server, "/account").await?.json()["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let path = format!("/admin/accounts/{id}/two-factor");
    let reply = admin.send(&server, Method::DELETE, &path, None).await?;
    assert_eq!(reply.status, 204, "{reply:?}");
    let signed_in = try_sign_in(&server, "ada@example.org", PASSWORD).await?;
    assert_eq!(signed_in.json()["kind"], "signedIn");
    Ok(())
}

const OTHER_SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeef01";

/// A restored backup with another `secret.key`, for one.
#[tokio::test]
async fn what_another_secret_encrypted_is_told_before_and_after_it_is_given_up() -> Test {
    let other = format!(
        "mode = \"accounts\"\n[librechat]\nenabled = true\n[accounts]\nsecret = {OTHER_SECRET:?}\n"
    );
    let server = people::server("").await?;
    let ada = join(&server, "ada@example.org").await?;
    let begun = send(&server, &ada, Method::POST, "", json!({}))
        .await?
        .json();
    let secret = begun["secret"].as_str().unwrap_or_default();
    let confirmed = json!({"code": code(secret, 0)?});
    let confirmed = send(&server, &ada, Method::POST, "/confirm", confirmed).await?;
    assert_eq!(confirmed.status, 204, "{confirmed:?}");
    let directory = server.stop().await;
    let kept = tempfile::tempdir()?;
    std::fs::copy(
        directory.path().join("manent.db"),
        kept.path().join("manent.db"),
    )?;

    let refused = TestServer::start_in(directory, &other).await;
    let refused = refused
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(
        refused.contains("1 second factors and 0 keys for providers")
            && refused.contains("manent secret adopt"),
        "{refused}"
    );

    rusqlite::Connection::open(kept.path().join("manent.db"))?.execute(
        "UPDATE server_secret SET fingerprint = ?1",
        [ServerSecrets::parse(&OTHER_SECRET.into())?
            .fingerprint()
            .as_str()],
    )?;
    let server = TestServer::start_in(kept, &other).await?;
    let proof = code(secret, 1)?;
    let told = second_step(&server, ("code", &proof)).await?;
    assert_eq!(told.problem(), (503, "second_factor_unreadable".to_owned()));
    let detail = told.json()["detail"].to_string();
    assert!(
        detail.contains("use a backup code, or ask an administrator"),
        "{detail}"
    );

    let client = server.client();
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let half = Reply::to(
        client
            .http()
            .post(client.url("/api/auth/login"))
            .json(&login),
    )
    .await?;
    let body = json!({"tempToken": half.json()["tempToken"], "token": proof});
    let told = client.http().post(client.url("/api/auth/2fa/verify-temp"));
    let told = Reply::to(told.json(&body)).await?;
    assert_eq!(told.status, 503, "{told:?}");
    assert!(
        told.json()["message"]
            .to_string()
            .contains("use a backup code"),
        "{told:?}"
    );

    let backup = begun["backupCodes"][0].as_str().unwrap_or_default();
    let signed_in = second_step(&server, ("backupCode", backup)).await?;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    Ok(())
}
