//! `kill -9` at random points under concurrent appends, then a restart: every item that was answered `stored` is there, once, in
//! order, with its words; nothing is there that nobody sent.
//!
//! `MANENT_KILL_ROUNDS` (default 50) says how often, `MANENT_KILL_SEED` replays a run; the seed is printed.

#[cfg(test)]
#[path = "kill_restart/device.rs"]
mod device;
#[cfg(test)]
#[path = "kill_restart/ledger.rs"]
mod ledger;

use std::path::Path;
use std::sync::Arc;

use device::Device;
use ledger::Ledger;
use manent_testkit::{Client, ServerProcess, new_id};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const DEVICES: usize = 8;
const CONVERSATIONS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn everything_answered_stored_survives_kill_9_once_and_in_order() {
    let rounds: u32 = variable("MANENT_KILL_ROUNDS").unwrap_or(50);
    let seed: u64 = variable("MANENT_KILL_SEED").unwrap_or_else(rand::random);
    println!("{rounds} kills, MANENT_KILL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let directory = tempfile::tempdir().unwrap();
    let conversations: Vec<String> = (0..CONVERSATIONS).map(|_| new_id()).collect();
    let mut devices: Vec<Device> = (0..DEVICES)
        .map(|number| Device::new(number, &conversations, random.random()))
        .collect();
    let mut ledger = Ledger::default();

    for round in 0..rounds {
        let server = start(directory.path()).await;
        let client = server.client().unwrap();
        if round == 0 {
            create(&client, &conversations).await;
        }
        ledger
            .verify(&client, &conversations, &format!("before kill {round}"))
            .await;
        // The kill comes after a random number of answers, wherever the other requests are by then.
        let answers = Arc::new(Semaphore::new(0));
        let kill_after = random.random_range(1..=60);
        let mut running = JoinSet::new();
        for mut device in devices.drain(..) {
            let (client, answers) = (client.clone(), Arc::clone(&answers));
            running.spawn(async move {
                device.send_until_the_server_dies(&client, &answers).await;
                device
            });
        }
        tokio::select! {
            answered = answers.acquire_many(kill_after) => answered.unwrap().forget(),
            Some(ended) = running.join_next() => {
                // With what it has found wrong, if anything; nobody would be left to answer for.
                drop(ended.unwrap());
                panic!("the server stopped answering before it was killed");
            }
        }
        server.kill().await.unwrap();
        while let Some(device) = running.join_next().await {
            let mut device = device.unwrap();
            ledger.take_acknowledged(&mut device);
            devices.push(device);
        }
    }

    let server = start(directory.path()).await;
    let client = server.client().unwrap();
    ledger
        .verify(&client, &conversations, "after the last kill")
        .await;
    // What was never answered is sent again, as an outbox does, and then everything that was ever written is there once.
    for device in &mut devices {
        device.send_the_rest(&client).await;
        ledger.take_acknowledged(device);
    }
    ledger
        .verify(&client, &conversations, "after sending the rest")
        .await;
    let written: usize = devices.iter().map(Device::written).sum();
    assert_eq!(
        ledger.len(),
        written,
        "every message that was written is acknowledged"
    );
    println!("{written} messages over {rounds} kills");
    assert!(server.stop().await.unwrap().success());
}

#[cfg(test)]
async fn start(data_dir: &Path) -> ServerProcess {
    let binary = Path::new(env!("CARGO_BIN_EXE_manent"));
    ServerProcess::start(binary, data_dir, &["--log", "error"], &[])
        .await
        .unwrap()
}

#[cfg(test)]
async fn create(client: &Client, conversations: &[String]) {
    for id in conversations {
        let created = client
            .post("/conversation/create", &json!({"id": id}))
            .await
            .unwrap();
        assert_eq!(created.status, 201, "{created:?}");
    }
}

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
