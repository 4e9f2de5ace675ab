//! The description of the API, held against what the server does, and the page that shows it.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use manent_testkit::{Client, Event, TestServer, new_id};
use serde_json::{Value, json};

use crate::support::reply::{Reply, get};
use crate::support::{Test, servers};

#[tokio::test]
async fn the_description_is_openapi_3_1_and_lists_exactly_the_routes() -> Test {
    let server = TestServer::start().await?;
    let reply = get(server.client(), "/openapi.json").await?;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/json")
    );
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Manent");
    let mut listed = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, _) in methods.as_object().into_iter().flatten() {
            listed.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    listed.sort();
    assert_eq!(
        listed,
        [
            "DELETE /account",
            "DELETE /account/provider-keys/{endpoint}",
            "DELETE /account/sessions/{id}",
            "DELETE /account/two-factor",
            "DELETE /admin/accounts/{id}",
            "DELETE /admin/accounts/{id}/two-factor",
            "DELETE /admin/invitations/{id}",
            "DELETE /conversation/{id}",
            "DELETE /keys/{id}",
            "GET /account",
            "GET /account/budget",
            "GET /account/provider-keys",
            "GET /account/provider-keys/{endpoint}",
            "GET /account/sessions",
            "GET /account/two-factor",
            "GET /admin/accounts",
            "GET /admin/accounts/{id}",
            "GET /admin/audit",
            "GET /admin/audit/verify",
            "GET /admin/invitations",
            "GET /admin/roles",
            "GET /admin/roles/{name}",
            "GET /auth/options",
            "GET /completion/{runId}",
            "GET /completion/{runId}/status",
            "GET /conversation/{id}",
            "GET /conversation/{id}/messages",
            "GET /conversations",
            "GET /feed",
            "GET /healthz",
            "GET /keys",
            "GET /message/{id}",
            "GET /metrics",
            "GET /models",
            "GET /readyz",
            "GET /search",
            "GET /version",
            "PATCH /account",
            "PATCH /conversation/{id}",
            "POST /account/password",
            "POST /account/two-factor",
            "POST /account/two-factor/backup-codes",
            "POST /account/two-factor/confirm",
            "POST /admin/accounts/{id}/disable",
            "POST /admin/accounts/{id}/enable",
            "POST /admin/accounts/{id}/end-sessions",
            "POST /admin/accounts/{id}/reset-link",
            "POST /admin/invitations",
            "POST /auth/refresh",
            "POST /auth/register",
            "POST /auth/reset",
            "POST /auth/reset/request",
            "POST /auth/second-factor",
            "POST /auth/sign-in",
            "POST /auth/sign-out",
            "POST /auth/verify",
            "POST /auth/verify/resend",
            "POST /completion/generate",
            "POST /completion/{runId}/stop",
            "POST /conversation/create",
            "POST /conversation/{id}/restore",
            "POST /keys",
            "POST /message/append",
            "POST /turn/start",
            "PUT /account/provider-keys/{endpoint}",
            "PUT /admin/accounts/{id}/role",
            "PUT /admin/roles/{name}",
        ]
    );
    // Each of them is there: whatever it answers, it is not that the address or the method is unknown.
    let id = new_id();
    for route in &listed {
        let (method, path) = route.split_once(' ').unwrap_or_default();
        let path = path.replace("{id}", &id).replace("{runId}", &id);
        if path == "/feed" {
            // Its answer has no end.
            drop(server.client().feed("").await?);
            continue;
        }
        let request = server
            .client()
            .http()
            .request(method.parse()?, server.client().url(&path));
        let reply = Reply::to(request).await?;
        let code = reply.json()["code"].clone();
        assert!(
            code != "not_found" && code != "method_not_allowed",
            "{route}: {code}"
        );
    }
    let text = serde_json::from_str::<Value>(&manent_server::openapi_json()?)?;
    assert_eq!(text, document, "what is generated is what is served");
    Ok(())
}

/// Compares a value with a schema of the document, as far as the document says something.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) -> Test {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.strip_prefix('#').unwrap_or(name));
        let target = target.with_context(|| format!("{place}: {name} does not exist"))?;
        return check(document, target, value, place);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let outcomes = choices
                .iter()
                .map(|choice| check(document, choice, value, place));
            let misfits: Vec<_> = outcomes.filter_map(Result::err).collect();
            ensure!(
                misfits.len() < choices.len(),
                "{place}: {value} fits no choice: {misfits:?}"
            );
        }
    }
    for schema in schema["allOf"].as_array().into_iter().flatten() {
        check(document, schema, value, place)?;
    }
    check_kind(schema, value, place)?;
    if let Some(names) = schema["enum"].as_array() {
        ensure!(
            names.contains(value),
            "{place}: {value} is none of {names:?}"
        );
    }
    if let Value::Object(fields) = value {
        for required in schema["required"].as_array().into_iter().flatten() {
            let field = required.as_str().unwrap_or_default();
            ensure!(
                fields.contains_key(field),
                "{place}: {field} is missing in {value}"
            );
        }
        if let Some(properties) = schema["properties"].as_object() {
            for (field, value) in fields {
                let property = properties.get(field);
                let property =
                    property.with_context(|| format!("{place}: {field} is not described"))?;
                check(document, property, value, &format!("{place}.{field}"))?;
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(
            document,
            &schema["items"],
            item,
            &format!("{place}[{index}]"),
        )?;
    }
    Ok(())
}

fn check_kind(schema: &Value, value: &Value, place: &str) -> Test {
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    ensure!(fits, "{place}: {value} is no {kinds:?}");
    Ok(())
}

/// The schema of an answer.
fn schema<'document>(
    document: &'document Value,
    method: &str,
    path: &str,
    status: u16,
) -> anyhow::Result<&'document Value> {
    let responses = &document["paths"][path][method]["responses"];
    let response = match &responses[status.to_string()] {
        Value::Null => &responses["default"],
        response => response,
    };
    let contents = response["content"].as_object();
    let content = contents.and_then(|contents| contents.values().next());
    let content = content.with_context(|| format!("{method} {path} {status} is not described"))?;
    Ok(&content["schema"])
}

async fn described(client: &Client) -> anyhow::Result<Value> {
    Ok(get(client, "/openapi.json").await?.json())
}

#[tokio::test]
async fn every_schema_that_is_named_exists() -> Test {
    let server = TestServer::start().await?;
    let document = described(server.client()).await?;
    let mut names = Vec::new();
    collect_references(&document, &mut names);
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let path = name.strip_prefix('#').unwrap_or(&name);
        assert!(document.pointer(path).is_some(), "{name} does not exist");
    }
    for event in [
        "StartEvent",
        "DeltaEvent",
        "Usage",
        "DoneEvent",
        "NoticeEvent",
        "ErrorEvent",
        "ReadyEvent",
        "Problem",
    ] {
        assert!(
            document["components"]["schemas"][event].is_object(),
            "{event}"
        );
    }
    Ok(())
}

fn collect_references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                if let ("$ref", Some(name)) = (field.as_str(), value.as_str()) {
                    names.push(name.to_owned());
                }
                collect_references(value, names);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, names)),
        _ => {}
    }
}

#[tokio::test]
async fn real_answers_fit_their_description() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let document = described(client).await?;
    let id = new_id();
    let path = format!("/conversation/{id}");
    let config = json!({"model": "m", "temperature": 0.5, "stop": ["x"], "thinking": {"budgetTokens": 2048}, "reasoningEffort": "high"});
    let create = json!({"id": id, "config": config});
    let message = json!({"conversationId": id, "role": "user", "content": "hello garden"});
    let answer = json!({"conversationId": id, "role": "assistant", "status": "stopped", "model": "m", "provider": "p", "usage": {"inputTokens": 1},
        "content": [{"type": "reasoning", "text": "x", "durationMs": 1, "signature": "s"}, {"type": "toolCall", "id": "i", "name": "n", "arguments": {}},
            {"type": "image", "url": "u"}, {"type": "error", "code": "c", "detail": "d"}]});
    let bad = json!({"conversationId": id, "role": "wizard"});
    let lane = json!({"deviceId": "d", "messages": [{"conversationId": id, "deviceSeq": 2, "role": "user", "content": "x"}]});
    let calls = [
        (
            "post",
            "/conversation/create",
            "/conversation/create",
            create.clone(),
            201,
        ),
        (
            "post",
            "/conversation/create",
            "/conversation/create",
            create,
            200,
        ),
        (
            "post",
            "/conversation/create",
            "/conversation/create",
            json!({"x": 1}),
            400,
        ),
        (
            "post",
            "/message/append",
            "/message/append",
            json!({"messages": [message, answer, bad]}),
            200,
        ),
        (
            "post",
            "/message/append",
            "/message/append",
            json!({"message": bad}),
            422,
        ),
        ("post", "/message/append", "/message/append", lane, 200),
        (
            "patch",
            "/conversation/{id}",
            &path,
            json!({"title": "Garden", "pinned": true}),
            200,
        ),
        ("get", "/conversation/{id}", &path, json!(null), 200),
        ("get", "/conversations", "/conversations", json!(null), 200),
        (
            "get",
            "/conversations",
            "/conversations?limit=0",
            json!(null),
            400,
        ),
        (
            "get",
            "/conversation/{id}/messages",
            &format!("{path}/messages?limit=1"),
            json!(null),
            200,
        ),
        (
            "get",
            "/conversation/{id}/messages",
            &format!("{path}/messages"),
            json!(null),
            200,
        ),
        ("get", "/search", "/search?q=garden", json!(null), 200),
        ("get", "/models", "/models", json!(null), 200),
        ("delete", "/conversation/{id}", &path, json!(null), 200),
        (
            "post",
            "/conversation/{id}/restore",
            &format!("{path}/restore"),
            json!(null),
            200,
        ),
        (
            "post",
            "/completion/generate",
            "/completion/generate",
            json!({"messages": []}),
            422,
        ),
        ("get", "/healthz", "/healthz", json!(null), 200),
        ("get", "/readyz", "/readyz", json!(null), 200),
        ("get", "/version", "/version", json!(null), 200),
    ];
    for (method, route, path, body, status) in calls {
        let mut request = client
            .http()
            .request(method.to_uppercase().parse()?, client.url(path));
        if !body.is_null() {
            request = request.json(&body);
        }
        let reply = Reply::to(request).await?;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.json());
        check(
            &document,
            schema(&document, method, route, status)?,
            &reply.json(),
            &format!("{method} {path}"),
        )?;
    }
    for question in ["think", "tool", "fail late"] {
        let body = json!({"messages": [{"role": "user", "content": question}]});
        for event in client.generate(&body).await?.rest().await? {
            check_event(&document, &event)?;
        }
    }
    Ok(())
}

/// Compares an event's data with its schema.
fn check_event(document: &Value, event: &Event) -> Test {
    let name = match event.name.as_str() {
        "start" => "StartEvent",
        "delta" => "DeltaEvent",
        "usage" => "Usage",
        "notice" => "NoticeEvent",
        "done" => "DoneEvent",
        "error" => "ErrorEvent",
        "ready" => "ReadyEvent",
        "conversation" => "ConversationResource",
        "message" => "MessageResource",
        "run" => "RunResource",
        other => anyhow::bail!("{other} is not described"),
    };
    let schema = &document["components"]["schemas"][name];
    ensure!(schema.is_object(), "{name}");
    check(document, schema, &event.data, name)
}

#[tokio::test]
async fn real_runs_turns_and_feeds_fit_their_description() -> Test {
    let server = servers::start("").await?;
    let client = server.client();
    let document = described(client).await?;
    let (turn, answer) = (new_id(), new_id());
    for question in ["hello", "fail late"] {
        let run = new_id();
        let body = json!({"messages": [{"role": "user", "content": question}], "runId": run});
        for event in client.generate(&body).await?.rest().await? {
            check_event(&document, &event)?;
        }
        let path = format!("/completion/{run}/status");
        let answer = client.get(&path).await?;
        let route = "/completion/{runId}/status";
        check(
            &document,
            schema(&document, "get", route, 200)?,
            &answer.body,
            route,
        )?;
    }
    let body = json!({"message": {"content": "think"}, "runId": turn, "answerId": answer});
    for event in client.turn(&body).await?.rest().await? {
        check_event(&document, &event)?;
    }
    let stored = client.get(&format!("/message/{answer}")).await?;
    let route = "/message/{id}";
    check(
        &document,
        schema(&document, "get", route, 200)?,
        &stored.body,
        route,
    )?;
    let stopped = client
        .post(&format!("/completion/{turn}/stop"), &json!({}))
        .await?;
    let route = "/completion/{runId}/stop";
    check(
        &document,
        schema(&document, "post", route, 200)?,
        &stopped.body,
        route,
    )?;
    let mut feed = client.feed("0").await?;
    let mut names = BTreeSet::new();
    while let Some(event) = feed.next().await? {
        check_event(&document, &event)?;
        let is_ready = event.name == "ready";
        names.insert(event.name);
        if is_ready {
            break;
        }
    }
    assert_eq!(
        names.iter().map(String::as_str).collect::<Vec<_>>(),
        ["conversation", "message", "ready", "run"]
    );
    Ok(())
}

#[tokio::test]
async fn the_browsable_page_loads_nothing_from_elsewhere() -> Test {
    let server = TestServer::start().await?;
    let client = server.client();
    let page = get(client, "/docs/").await?;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html")
    );
    let text = String::from_utf8(page.body)?;
    let mut files = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in text.match_indices(attribute) {
            let rest = &text[at + attribute.len()..];
            files.push(rest.split('"').next().unwrap_or_default().to_owned());
        }
    }
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert!(
            !file.contains("://") && !file.starts_with("//"),
            "{file} lies elsewhere"
        );
        let reply = get(client, &format!("/docs/{}", file.trim_start_matches("./"))).await?;
        assert_eq!(reply.status, 200, "{file}");
    }
    let initializer = String::from_utf8(get(client, "/docs/swagger-initializer.js").await?.body)?;
    assert!(initializer.contains("/openapi.json"), "{initializer}");
    assert!(!initializer.contains("://"), "{initializer}");
    Ok(())
}
