//! The name under which an answer is shown.

/// Makers that are known by a part of their models' names.
const BY_MODEL: [(&str, &str); 6] = [
    ("mistral", "Mistral"),
    ("codestral", "Mistral"),
    ("deepseek", "Deepseek"),
    ("kimi", "Kimi"),
    ("moonshot", "Moonshot"),
    ("gpt-", "GPT"),
];

/// Who answers: as the person named it, else by the model, else as the operator named the endpoint.
///
/// Source: LibreChat da0491d5, `packages/data-provider/src/parsers.ts` (`getResponseSender`).
pub fn sender(endpoint: &str, model: &str, label: Option<&str>, display: Option<&str>) -> String {
    if let Some(label) = label {
        return label.to_owned();
    }
    if endpoint == "anthropic" {
        return "Claude".to_owned();
    }
    if let Some(name) = by_model(model) {
        return name;
    }
    match (endpoint, display) {
        ("openAI", _) => "OpenAI".to_owned(),
        (_, Some(display)) => display.to_owned(),
        (_, None) => "AI".to_owned(),
    }
}

fn by_model(model: &str) -> Option<String> {
    let reasoning = model.split('/').next_back().unwrap_or(model);
    let digits = reasoning.strip_prefix('o').unwrap_or_default();
    if digits.starts_with(|character: char| character.is_ascii_digit()) {
        return Some(reasoning.split('-').next().unwrap_or(reasoning).to_owned());
    }
    let (known, name) = BY_MODEL.iter().find(|(part, _)| model.contains(part))?;
    let version: String = match model.split_once(known) {
        Some((_, rest)) if *name == "GPT" => rest
            .chars()
            .take_while(|character| !matches!(character, '-' | ':' | '/'))
            .collect(),
        _ => String::new(),
    };
    if version.is_empty() {
        return Some((*name).to_owned());
    }
    Some(format!("GPT-{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_counts() {
        let of = |endpoint, model| sender(endpoint, model, None, Some("Router"));
        assert_eq!(sender("x", "gpt-5", Some("Ada"), None), "Ada");
        assert_eq!(of("openAI", "gpt-5-mini"), "GPT-5");
        assert_eq!(of("openAI", "o3-mini"), "o3");
        assert_eq!(of("openAI", "other"), "OpenAI");
        assert_eq!(of("anthropic", "claude"), "Claude");
        assert_eq!(of("Mine", "deepseek-v3"), "Deepseek");
        assert_eq!(of("Mine", "llama"), "Router");
        assert_eq!(sender("Mine", "llama", None, None), "AI");
    }
}
