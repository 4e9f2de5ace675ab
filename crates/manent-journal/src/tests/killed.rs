//! A process that appends is killed in the middle of it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use manent_domain::ports::Journal;

use super::samples::{config, entry};
use crate::{FileJournal, recovery};

const DIRECTORY: &str = "MANENT_JOURNAL_TEST_DIRECTORY";

/// Appends until it is killed, and prints each position once it is acknowledged. Run by the test below.
#[tokio::test]
#[ignore = "the child of another test"]
async fn appends_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let journal = FileJournal::open(config(&directory)).await.unwrap();
    for number in 1.. {
        let Ok(position) = journal.append(vec![entry(number % 3, number)]).await else {
            break;
        };
        println!("acknowledged {position}");
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let mut acknowledged = 0;
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::killed::appends_until_it_is_killed"])
            .args(["--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let positions = lines.map_while(Result::ok).filter_map(|line| {
            let (_, position) = line.rsplit_once("acknowledged ")?;
            position.parse::<u64>().ok()
        });
        let enough = acknowledged + 20 * round;
        for position in positions {
            assert_eq!(position, acknowledged + 1);
            acknowledged = position;
            if position == enough {
                // Kill -9; what it says after this is read too.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged >= enough);
        let recovered = recovery::read(&config.directory).unwrap().unwrap();
        let found = recovered.waiting.len() as u64;
        // One more may be whole and not acknowledged; then it counts from now on.
        assert!(
            (acknowledged..=acknowledged + 1).contains(&found),
            "{found}"
        );
        acknowledged = found;
    }
}
