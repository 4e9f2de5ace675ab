//! Links that go out by mail.

use serde_json::json;

use super::people::{join, message, post, server};
use crate::support::Test;

const REQUEST: &str = "/api/auth/requestPasswordReset";

/// A link in the answer would let in whoever asks.
#[tokio::test]
async fn without_mail_nobody_gets_a_link_by_asking() -> Test {
    let server = server("").await?;
    join(&server, "ada@example.org").await?;
    for email in ["ada@example.org", "nobody@example.org"] {
        let reply = post(&server, REQUEST, json!({ "email": email })).await?;
        assert_eq!(message(&reply).0, 403);
        let reply = post(
            &server,
            "/api/user/verify/resend",
            json!({ "email": email }),
        )
        .await?;
        assert_eq!(message(&reply).0, 200);
    }
    assert_eq!(message(&post(&server, REQUEST, json!({})).await?).0, 400);
    Ok(())
}

#[tokio::test]
async fn a_link_that_is_none_does_nothing() -> Test {
    let server = server("").await?;
    join(&server, "ada@example.org").await?;
    let path = "/api/auth/resetPassword";
    let reset = |password: &str, again: &str| json!({"userId": "0", "token": "x", "password": password, "confirm_password": again});
    let good = "another good password";
    for (body, told) in [
        (reset(good, good), "Invalid or expired password reset token"),
        (reset(good, "x"), "The passwords do not match"),
    ] {
        let reply = post(&server, path, body).await?;
        assert_eq!(message(&reply), (400, told.to_owned()));
    }
    assert_eq!(
        message(&post(&server, path, reset("short", "short")).await?).0,
        400
    );
    assert_eq!(message(&post(&server, path, json!({})).await?).0, 400);
    let verify = json!({"email": "ada@example.org", "token": "x"});
    let reply = post(&server, "/api/user/verify", verify).await?;
    assert_eq!(
        message(&reply),
        (
            400,
            "Invalid or expired email verification token".to_owned()
        )
    );
    Ok(())
}
