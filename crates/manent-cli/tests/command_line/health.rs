//! `manent doctor` and `manent journal`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::fill::{filled, serving};
use crate::world::{Outcome, World};

/// Lines without what differs from machine to machine: how much is free, and where.
fn lines(outcome: &Outcome) -> Vec<String> {
    let cut = |line: &str| match line.split_once(", made at the first start, ") {
        Some((before, _)) => before.to_owned(),
        None => match line.split_once(" free") {
            Some((before, _)) => before.rsplit_once(", ").unwrap().0.to_owned(),
            None => line.to_owned(),
        },
    };
    outcome.output.lines().map(cut).collect()
}

fn names(directory: PathBuf) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_doctor_before_the_first_start_finds_nothing_wrong_and_makes_nothing() {
    let world = World::new();
    let outcome = world.run(&["doctor", "--data-dir", "data"], &[]);
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(0), ""));
    assert_eq!(
        lines(&outcome),
        [
            "ok       configuration   no file",
            "ok       data directory  /home/work/data",
            "ok       server          does not run",
            "ok       store           SQLite, made at the first start",
            "ok       journal         made at the first start",
        ]
    );
    assert!(!world.path("data").exists());
    let mistaken = world.run(&["doctor", "--set", "store.readers=0"], &[]);
    assert_eq!(mistaken.code, Some(1));
    assert!(mistaken.output.starts_with("problem  configuration"));
}

#[test]
fn a_doctor_reads_a_stopped_store_and_changes_nothing() {
    let world = World::new();
    filled(&world, "data");
    let before = names(world.path("data"));
    let outcome = world.run(&["doctor", "--data-dir", "data", "--json"], &[]);
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&outcome.output).unwrap();
    assert_eq!(report["ok"], true);
    let store = &report["checks"][3];
    assert_eq!(store["name"], "store");
    let detail = store["detail"].as_str().unwrap();
    assert!(
        detail.ends_with("schema 5, every page is sound"),
        "{detail}"
    );
    assert_eq!(names(world.path("data")), before);
}

#[test]
fn a_doctor_asks_a_server_that_runs() {
    let world = World::new();
    let server = serving(&world, "data");
    let listen = server.address().to_owned();
    let outcome = world.run(&["doctor", "--data-dir", "data", "--listen", &listen], &[]);
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(0), ""));
    assert_eq!(
        lines(&outcome)[2..],
        [
            format!("ok       server          runs at http://{listen} and is ready"),
            "ok       store           SQLite, used by the running server, which was asked instead"
                .to_owned(),
            "ok       journal         36 bytes of 268.4 MB, nothing waits".to_owned(),
        ]
    );
    // Whoever listens elsewhere is not this server.
    let elsewhere = world.run(
        &["doctor", "--data-dir", "data", "--listen", "127.0.0.1:1"],
        &[],
    );
    assert_eq!(elsewhere.code, Some(1));
    assert!(
        elsewhere
            .output
            .contains("cannot be asked at http://127.0.0.1:1")
    );
}

#[test]
fn damage_is_a_problem_with_a_way_out() {
    let world = World::new();
    filled(&world, "data");
    let mark = world.path("data/journal/journal.mark");
    let mut bytes = fs::read(&mark).unwrap();
    bytes.truncate(700);
    fs::write(&mark, &bytes).unwrap();
    let outcome = world.run(&["doctor", "--data-dir", "data"], &[]);
    assert_eq!(outcome.code, Some(1));
    let problem = outcome
        .output
        .lines()
        .find(|line| line.starts_with("problem"));
    let problem = problem.unwrap();
    assert!(
        problem.contains("/home/work/data/journal/journal.mark is damaged"),
        "{problem}"
    );
    assert!(problem.contains("manent journal salvage"), "{problem}");

    let refused = world.run(
        &["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"],
        &[],
    );
    assert_eq!((refused.code, refused.output.as_str()), (Some(3), ""));
    assert!(
        refused.errors.contains("journal.mark is damaged"),
        "{}",
        refused.errors
    );

    let saved = world.run(
        &["journal", "salvage", "--replace", "--data-dir", "data"],
        &[],
    );
    assert_eq!((saved.code, saved.errors.as_str()), (Some(0), ""));
    assert!(
        saved
            .output
            .contains("kept as /home/work/data/journal.damaged-1"),
        "{}",
        saved.output
    );
    assert_eq!(
        fs::read(world.path("data/journal.damaged-1/journal.mark")).unwrap(),
        bytes
    );
    let outcome = world.run(&["doctor", "--data-dir", "data"], &[]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.output);
    drop(serving(&world, "data"));
}

#[test]
fn an_inspection_tells_what_is_there() {
    let world = World::new();
    let inspect = |arguments: &[&str]| {
        let mut all = vec!["journal", "inspect", "--data-dir", "data"];
        all.extend(arguments);
        world.run(&all, &[])
    };
    assert_eq!(
        inspect(&[]).output,
        "There is no journal in /home/work/data/journal.\n"
    );
    filled(&world, "data");
    for command in ["retry", "set-aside"] {
        let mut arguments = vec!["journal", command, "--data-dir", "data"];
        arguments.extend((command == "set-aside").then_some("aside"));
        let outcome = world.run(&arguments, &[]);
        assert_eq!(outcome.code, Some(5));
        assert_eq!(
            outcome.errors,
            "manent: the journal /home/work/data/journal holds no refused entries\n"
        );
    }
    let outcome = inspect(&[]);
    assert_eq!(outcome.code, Some(0));
    assert!(
        outcome.output.contains("waiting   0\n"),
        "{}",
        outcome.output
    );
    let report: Value = serde_json::from_str(&inspect(&["--json"]).output).unwrap();
    assert_eq!(
        (&report["exists"], &report["waiting"]),
        (&true.into(), &0.into())
    );
}
