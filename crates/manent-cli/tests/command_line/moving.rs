//! `manent migrate`.

use crate::fill::filled;
use crate::world::World;

#[test]
fn migrate_alone_brings_the_configured_store_up_to_date() {
    let world = World::new();
    let migrate = || world.run(&["migrate", "--data-dir", "data"], &[]);
    let first = migrate();
    assert_eq!((first.code, first.errors.as_str()), (Some(0), ""));
    assert_eq!(
        first.output,
        "the database in /home/work/data was created with schema 5.\n"
    );
    assert_eq!(
        migrate().output,
        "the database in /home/work/data has schema 5: there was nothing to do.\n"
    );
}

#[test]
fn everything_is_moved_and_compared_and_a_second_move_finds_it_there() {
    let world = World::new();
    filled(&world, "data");
    let arguments = ["migrate", "--from", "sqlite:data", "--to", "sqlite:copy"];
    let moved = world.run(&arguments, &[]);
    assert_eq!(moved.code, Some(0), "{}", moved.errors);
    assert!(moved.output.ends_with("Both stores hold the same.\n"));
    let messages = moved
        .output
        .lines()
        .find(|line| line.starts_with("messages"));
    let words: Vec<&str> = messages.unwrap().split_whitespace().take(4).collect();
    assert_eq!(words, ["messages", "3", "3", "same"]);
    assert!(!moved.errors.contains("earlier try"), "{}", moved.errors);

    let again = world.run(&arguments, &[]);
    assert_eq!((again.code, again.output), (Some(0), moved.output.clone()));
    assert!(
        again.errors.contains("\n0 records were written"),
        "{}",
        again.errors
    );
    // Either end may be the configured store, and its file is as good a name as its directory.
    let verified = world.run(
        &[
            "migrate",
            "--data-dir",
            "copy",
            "--from",
            "sqlite:data/manent.db",
            "--verify-only",
        ],
        &[],
    );
    assert_eq!((verified.code, verified.output), (Some(0), moved.output));
}

#[test]
fn a_target_with_other_data_and_stores_that_differ_are_refused() {
    let world = World::new();
    filled(&world, "data");
    filled(&world, "other");
    let moved = world.run(
        &["migrate", "--from", "sqlite:data", "--to", "sqlite:other"],
        &[],
    );
    assert_eq!((moved.code, moved.output.as_str()), (Some(5), ""));
    assert!(
        moved.errors.contains("the target holds other data"),
        "{}",
        moved.errors
    );
    let verified = world.run(
        &[
            "migrate",
            "--from",
            "sqlite:data",
            "--to",
            "sqlite:other",
            "--verify-only",
        ],
        &[],
    );
    assert_eq!(verified.code, Some(5));
    assert!(verified.output.contains("DIFFERENT"), "{}", verified.output);
    assert!(
        verified.errors.contains("the stores differ in: "),
        "{}",
        verified.errors
    );
}

#[test]
fn nothing_is_made_where_there_is_nothing_to_move() {
    let world = World::new();
    let missing = world.run(
        &["migrate", "--from", "sqlite:nowhere", "--to", "sqlite:copy"],
        &[],
    );
    assert_eq!(missing.code, Some(5));
    assert_eq!(
        missing.errors,
        "manent: there is no database /home/work/nowhere/manent.db\n"
    );
    assert!(!world.path("nowhere").exists() && !world.path("copy").exists());
    let same = world.run(&["migrate", "--from", "sqlite:a", "--to", "sqlite:a"], &[]);
    assert_eq!(same.code, Some(5));
    let wrong = world.run(&["migrate", "--to", "mysql://me:hunter2@db/x"], &[]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.errors.contains("--to"), "{}", wrong.errors);
    assert!(!wrong.errors.contains("hunter2"), "{}", wrong.errors);
}
