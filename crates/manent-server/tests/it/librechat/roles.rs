//! Roles and their permissions.

use reqwest::Method;
use serde_json::json;

use super::people::{join, message, server};
use crate::support::Test;

#[tokio::test]
async fn everybody_reads_the_built_in_roles_however_they_are_written() -> Test {
    let server = server("").await?;
    let root = join(&server, "root@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    for name in ["USER", "user", "User"] {
        let role = eve
            .get(&server, &format!("/api/roles/{name}"))
            .await?
            .json();
        assert_eq!(role["name"], "USER");
        let permissions = &role["permissions"];
        assert_eq!(
            permissions["PROMPTS"],
            json!({"USE": true, "CREATE": true, "SHARE": false, "SHARE_PUBLIC": false})
        );
        assert_eq!(permissions["MARKETPLACE"], json!({"USE": false}));
        assert_eq!(permissions.as_object().map(serde_json::Map::len), Some(16));
    }
    let admin = eve.get(&server, "/api/roles/admin").await?.json();
    assert_eq!(admin["name"], "ADMIN");
    // What the server does not have nobody may, so that the client does not show it.
    let permissions = &admin["permissions"];
    assert_eq!(
        permissions["PROMPTS"],
        json!({"USE": true, "CREATE": true, "SHARE": false, "SHARE_PUBLIC": true})
    );
    for there in ["BOOKMARKS", "MULTI_CONVO", "TEMPORARY_CHAT"] {
        assert_eq!(permissions[there], json!({"USE": true}), "{there}");
    }
    for absent in ["RUN_CODE", "WEB_SEARCH", "FILE_SEARCH", "MARKETPLACE"] {
        assert_eq!(permissions[absent], json!({"USE": false}), "{absent}");
    }
    let refused = eve.get(&server, "/api/roles/editors").await?;
    assert_eq!(message(&refused), (403, "Unauthorized".to_owned()));
    let unknown = root.get(&server, "/api/roles/editors").await?;
    assert_eq!(message(&unknown), (404, "Role not found".to_owned()));
    Ok(())
}

#[tokio::test]
async fn administrators_change_what_a_role_may() -> Test {
    let server = server("").await?;
    let root = join(&server, "root@example.org").await?;
    let eve = join(&server, "eve@example.org").await?;
    let path = "/api/roles/user/prompts";
    let change = json!({"CREATE": false, "SHARE_PUBLIC": true});
    let refused = eve.send(&server, Method::PUT, path, Some(&change)).await?;
    assert_eq!(refused.status, 403);
    let changed = root.send(&server, Method::PUT, path, Some(&change)).await?;
    let prompts = json!({"USE": true, "CREATE": false, "SHARE": false, "SHARE_PUBLIC": true});
    assert_eq!(
        (changed.status, &changed.json()["permissions"]["PROMPTS"]),
        (200, &prompts)
    );
    let read = eve.get(&server, "/api/roles/USER").await?;
    assert_eq!(read.json(), changed.json());
    for (path, body, status) in [
        (path, json!({"FLY": true}), 400),
        (path, json!({"OPT_OUT": true}), 400),
        (path, json!({"USE": "yes"}), 400),
        ("/api/roles/ADMIN/prompts", json!({"USE": false}), 400),
        ("/api/roles/editors/prompts", json!({"USE": false}), 404),
        ("/api/roles/USER/spells", json!({"USE": false}), 404),
    ] {
        let reply = root.send(&server, Method::PUT, path, Some(&body)).await?;
        assert_eq!(reply.status, status, "{path} {body}");
        assert!(reply.json()["message"].is_string(), "{reply:?}");
    }
    for part in [
        "agents",
        "memories",
        "people-picker",
        "mcp-servers",
        "marketplace",
        "remote-agents",
        "skills",
    ] {
        let path = format!("/api/roles/USER/{part}");
        let reply = root
            .send(&server, Method::PUT, &path, Some(&json!({})))
            .await?;
        assert_eq!(reply.status, 200, "{part}");
    }
    assert_eq!(
        eve.get(&server, "/api/roles/USER").await?.json(),
        changed.json()
    );
    Ok(())
}
