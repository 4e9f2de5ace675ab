//! `docs/scripted.md` says what is so.

use manent_scripted::Rules;

#[test]
fn every_example_of_the_documentation_is_a_valid_file() {
    let page = include_str!("../../../../docs/scripted.md");
    let examples: Vec<_> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(examples.len() >= 4, "{}", examples.len());
    for example in examples {
        if let Err(error) = Rules::parse("scripted.md", example) {
            panic!("{error}\n{example}");
        }
    }
}
