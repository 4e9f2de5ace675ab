//! A store that is damaged, of a newer version, or gone: nothing of it is deleted, and the client goes on.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use manent_client::StorageWarning;

use crate::support::{Test, World, lines, saved, soon};

fn database(world: &World) -> PathBuf {
    world.outbox.path().join("test.sqlite3")
}

fn files_aside(world: &World) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(world.outbox.path())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.contains(".set-aside-") && !name.ends_with("-wal") && !name.ends_with("-shm") {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// Leaves one unsent message in the outbox. The server is away.
async fn leave_a_message(world: &World) -> Test {
    world.proxy.go_down().await;
    let client = world.client().await?;
    client.messages().send_message("Hello", None).await?;
    client.close().await;
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_database_is_kept_under_another_name() -> Test {
    let world = World::new().await?;
    let nonsense = b"this is no database, whatever its name says".repeat(100);
    fs::write(database(&world), &nonsense)?;
    let client = world.client().await?;
    let aside = files_aside(&world)?;
    assert_eq!(aside.len(), 1);
    assert_eq!(fs::read(&aside[0])?, nonsense);
    assert!(
        matches!(client.opening_warnings(), [StorageWarning::FileSetAside { path, salvaged: 0, .. }] if *path == aside[0]),
        "{:?}",
        client.opening_warnings()
    );
    let mut sent = client.messages().send_message("Hello", None).await?;
    assert_eq!(soon(sent.answer.end()).await?.text, "You said: Hello");
    saved(&client).await?;
    Ok(())
}

#[tokio::test]
async fn a_database_of_a_newer_version_waits_until_it_can_be_read() -> Test {
    let world = World::new().await?;
    leave_a_message(&world).await?;
    let version = |path: &std::path::Path, number: i64| {
        rusqlite::Connection::open(path)?.pragma_update(None, "user_version", number)
    };
    version(&database(&world), 99)?;
    let mut waiting = None;
    // Told at each start.
    for _ in 0..2 {
        let client = world.client().await?;
        let [StorageWarning::NewerFile { path }] = client.opening_warnings() else {
            anyhow::bail!("{:?}", client.opening_warnings());
        };
        waiting = Some(path.clone());
        assert!(client.persistence().items().await?.is_empty());
        client.close().await;
    }
    let waiting = waiting.context("it was told")?;
    version(&waiting, 1)?;

    let client = world.client().await?;
    let [StorageWarning::TakenIn { path, records }] = client.opening_warnings() else {
        anyhow::bail!("{:?}", client.opening_warnings());
    };
    assert!(*records >= 2 && path.exists() && !waiting.exists());
    let mut pending = client.messages().pending_answers();
    assert_eq!(pending.len(), 1);
    world.proxy.accept().await;
    client.persistence().probe_now();
    assert_eq!(soon(pending[0].end()).await?.text, "You said: Hello");
    saved(&client).await?;
    assert_eq!(
        world.said(pending[0].conversation_id).await?,
        lines(&[("user", "Hello"), ("assistant", "You said: Hello")])
    );
    client.close().await;
    let client = world.client().await?;
    assert_eq!(client.opening_warnings(), []);
    Ok(())
}

#[tokio::test]
async fn what_can_be_read_of_a_damaged_database_is_saved_and_sent() -> Test {
    let world = World::new().await?;
    leave_a_message(&world).await?;
    // The pages of another table are damaged.
    {
        let connection = rusqlite::Connection::open(database(&world))?;
        connection.execute_batch(
            "INSERT INTO set_aside (set_aside_at, key, body, reason)
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
             SELECT i, x'00', zeroblob(4000), 'filling' FROM n;
             PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = delete;",
        )?;
    }
    let mut bytes = fs::read(database(&world))?;
    let end = bytes.len();
    bytes[end - 400_000..end - 200_000].fill(0xA5);
    fs::write(database(&world), &bytes)?;

    let client = world.client().await?;
    assert!(
        matches!(client.opening_warnings(), [StorageWarning::FileSetAside { salvaged, reason, .. }] if *salvaged >= 3 && reason == "it is damaged"),
        "{:?}",
        client.opening_warnings()
    );
    let mut pending = client.messages().pending_answers();
    world.proxy.accept().await;
    client.persistence().probe_now();
    assert_eq!(soon(pending[0].end()).await?.text, "You said: Hello");
    saved(&client).await?;
    assert_eq!(
        world.said(pending[0].conversation_id).await?,
        lines(&[("user", "Hello"), ("assistant", "You said: Hello")])
    );
    Ok(())
}

#[tokio::test]
async fn a_damaged_record_and_one_of_a_newer_version_cost_only_themselves() -> Test {
    let world = World::new().await?;
    leave_a_message(&world).await?;
    rusqlite::Connection::open(database(&world))?.execute_batch(
        "INSERT INTO record (key, body) VALUES
            ('item/half', '{\"version\":1,\"record\":{\"item\":'),
            ('item/newer', '{\"version\":99,\"record\":{}}'),
            ('answer/other', 'null'),
            ('lane/none', '');",
    )?;
    let client = world.client().await?;
    assert!(
        matches!(
            client.opening_warnings(),
            [StorageWarning::RecordsSetAside { records: 4, .. }]
        ),
        "{:?}",
        client.opening_warnings()
    );
    assert_eq!(client.persistence().items().await?.len(), 1);
    assert_eq!(client.messages().pending_answers().len(), 1);
    let aside: i64 = rusqlite::Connection::open(database(&world))?.query_row(
        "SELECT count(*) FROM set_aside",
        [],
        |row| row.get(0),
    )?;
    assert_eq!(aside, 4);
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_removed_while_it_is_used_is_written_again() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let mut warnings = client.persistence().warnings();
    let first = client.messages().send_message("Hello", None).await?;
    for name in ["test.sqlite3", "test.sqlite3-wal", "test.sqlite3-shm"] {
        fs::remove_file(world.outbox.path().join(name))?;
    }
    let conversation = first.conversation_id;
    client
        .messages()
        .send_message("and again", Some(conversation))
        .await?;
    let lost = StorageWarning::Lost {
        path: database(&world),
    };
    assert_eq!(soon(warnings.recv()).await??, lost);
    client.close().await;

    let client = world.client().await?;
    assert_eq!(client.opening_warnings(), []);
    let items = client.persistence().items().await?;
    let texts: Vec<_> = items.iter().map(manent_client::OutboxItem::text).collect();
    assert_eq!(texts, ["Hello", "and again"]);
    world.proxy.accept().await;
    let mut pending = client.messages().pending_answers();
    assert_eq!(pending.len(), 1);
    assert_eq!(soon(pending[0].end()).await?.text, "You said: and again");
    saved(&client).await?;
    assert_eq!(
        world.said(conversation).await?,
        lines(&[
            ("user", "Hello"),
            ("user", "and again"),
            ("assistant", "You said: and again")
        ])
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_replaced_while_it_is_used_is_written_again() -> Test {
    let world = World::new().await?;
    world.proxy.go_down().await;
    let client = world.client().await?;
    let first = client.messages().send_message("Hello", None).await?;
    let other = world.outbox.path().join("other.sqlite3");
    rusqlite::Connection::open(&other)?.execute_batch("CREATE TABLE other (a)")?;
    for name in ["test.sqlite3-wal", "test.sqlite3-shm"] {
        fs::remove_file(world.outbox.path().join(name))?;
    }
    fs::rename(&other, database(&world))?;
    let conversation = first.conversation_id;
    client
        .messages()
        .send_message("and again", Some(conversation))
        .await?;
    client.close().await;
    let client = world.client().await?;
    let items = client.persistence().items().await?;
    let texts: Vec<_> = items.iter().map(manent_client::OutboxItem::text).collect();
    assert_eq!(texts, ["Hello", "and again"]);
    Ok(())
}

#[tokio::test]
async fn while_the_disk_takes_no_writes_nothing_counts_as_safe_and_nothing_is_sent() -> Test {
    let world = World::new().await?;
    let client = world.client().await?;
    let mut warnings = client.persistence().warnings();
    let blocker = rusqlite::Connection::open(database(&world))?;
    blocker.execute_batch("BEGIN IMMEDIATE")?;
    let messages = client.messages().clone();
    let sending = tokio::spawn(async move { messages.send_message("Hello", None).await });
    let refused = soon(warnings.recv()).await??;
    assert!(
        matches!(refused, StorageWarning::Refused { attempts: 1, .. }),
        "{refused:?}"
    );
    let status = client.persistence().queue_status();
    assert!(status.is_storage_refusing && status.storing == 1 && !sending.is_finished());
    assert_eq!(world.proxy.counts().accepted, 0);

    blocker.execute_batch("ROLLBACK")?;
    let mut sent = soon(sending).await???;
    assert_eq!(soon(sent.answer.end()).await?.text, "You said: Hello");
    saved(&client).await?;
    assert!(!client.persistence().queue_status().is_storage_refusing);
    Ok(())
}
