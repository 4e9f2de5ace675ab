//! Lists of models: names, or tables with what is known.

use crate::config::ModelConfig;
use crate::dollars;
use crate::problem::Problem;
use crate::provider_settings::MODEL_SETTINGS;
use crate::raw::{Raw, RawValue};
use crate::setting::parse::{Context, assign, quoted};
use crate::settings::is_name;
use crate::suggestion::did_you_mean;

/// Reads a list of models, and tells how it is shown.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn parse(
    key: &str,
    items: &[Raw],
    context: &Context<'_>,
) -> Result<(Vec<ModelConfig>, String), Vec<Problem>> {
    let mut models: Vec<ModelConfig> = Vec::new();
    let mut problems = Vec::new();
    for item in items {
        let model = match &item.value {
            RawValue::Word(name) | RawValue::Text(name) if is_name(name) => {
                ModelConfig::named(name)
            }
            RawValue::Table(entries) => match parse_table(key, item, entries, context) {
                Ok(model) => model,
                Err(more) => {
                    problems.extend(more);
                    continue;
                }
            },
            other => {
                problems.push(Problem::mistake(
                    item.origin.clone(),
                    format!(
                        "`{key}` has {} in it; write a model's name, or {{ model = \"…\" }}",
                        other.describe()
                    ),
                ));
                continue;
            }
        };
        if models.iter().any(|known| known.model == model.model) {
            problems.push(Problem::mistake(
                item.origin.clone(),
                format!("`{key}` lists {:?} twice", model.model),
            ));
        }
        models.push(model);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let shown = show(&models);
    Ok((models, shown))
}

fn parse_table(
    key: &str,
    item: &Raw,
    entries: &[(String, Raw)],
    context: &Context<'_>,
) -> Result<ModelConfig, Vec<Problem>> {
    let mut model = ModelConfig::named("");
    let mut problems = Vec::new();
    for (name, raw) in entries {
        let full = format!("{key}.{name}");
        match MODEL_SETTINGS.iter().find(|setting| setting.key == name) {
            Some(setting) => {
                if let Err(more) = assign(setting, &full, raw, &mut model, context) {
                    problems.extend(more);
                }
            }
            None => problems.push(Problem::mistake(
                raw.origin.clone(),
                format!(
                    "unknown setting `{full}`{}",
                    did_you_mean(name, MODEL_SETTINGS.iter().map(|setting| setting.key))
                ),
            )),
        }
    }
    if !entries.iter().any(|(name, _)| name == "model") {
        problems.push(Problem::mistake(
            item.origin.clone(),
            format!("`{key}` has an entry without `model`, the name that the provider knows"),
        ));
    }
    if problems.is_empty() && model.price.is_incomplete() {
        problems.push(Problem::mistake(
            item.origin.clone(),
            format!(
                "`{key}` has an incomplete price for {:?}; give both `input_price` and `output_price`",
                model.model
            ),
        ));
    }
    if problems.is_empty() {
        Ok(model)
    } else {
        Err(problems)
    }
}

/// A list of models as TOML.
pub(crate) fn show(models: &[ModelConfig]) -> String {
    let items: Vec<String> = models.iter().map(show_one).collect();
    format!("[{}]", items.join(", "))
}

fn show_one(model: &ModelConfig) -> String {
    if *model == ModelConfig::named(&model.model) {
        return quoted(&model.model);
    }
    let amount = |name: &str, amount: Option<u64>| {
        amount.map(|amount| format!("{name} = {}", dollars::format(amount)))
    };
    let fields = [
        Some(format!("model = {}", quoted(&model.model))),
        model
            .name
            .as_ref()
            .map(|name| format!("name = {}", quoted(name))),
        model.vision.map(|vision| format!("vision = {vision}")),
        model
            .reasoning
            .map(|reasoning| format!("reasoning = {reasoning}")),
        model
            .context_window
            .map(|tokens| format!("context_window = {tokens}")),
        amount("input_price", model.price.input),
        amount("output_price", model.price.output),
        amount("cache_read_price", model.price.cache_read),
        amount("cache_write_price", model.price.cache_write),
    ];
    let fields: Vec<String> = fields.into_iter().flatten().collect();
    format!("{{ {} }}", fields.join(", "))
}
