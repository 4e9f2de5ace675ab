//! Model specs: presets that the operator names, with what their people see of them and what they do not.

use serde_json::{Map, Value};

use super::finding::Verdict;
use super::section::Section;

/// What of a preset stays on the server: it says to the model what people need not read.
const PRIVATE: [&str; 6] = [
    "promptPrefix",
    "instructions",
    "additional_instructions",
    "system",
    "context",
    "examples",
];

/// What a spec may switch on and what is not here.
const ABSENT: [(&str, &str); 9] = [
    ("mcpServers", "there are no servers of tools"),
    ("webSearch", "there is no searching of the web"),
    ("fileSearch", "there is no searching in files"),
    ("executeCode", "no code is run"),
    ("skills", "there are no skills"),
    ("subagents", "there are no agents"),
    ("memory", "nothing is remembered across conversations"),
    ("artifacts", "the model is not told how to write artifacts"),
    ("authType", "every spec is asked with its endpoint's key"),
];

/// All specs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelSpecs {
    /// Whether nothing but a spec may be asked.
    pub enforce: bool,
    /// Whether the client prefers specs over what was chosen last.
    pub prioritize: bool,
    /// Endpoints that may be chosen beside the specs.
    pub added_endpoints: Vec<String>,
    /// In their order.
    pub list: Vec<ModelSpec>,
}

/// One spec.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// Its name; unique.
    pub name: String,
    /// The endpoint that is asked.
    pub endpoint: String,
    /// Its picture.
    pub icon_url: Option<String>,
    /// Whether the client lists it.
    pub is_listed: bool,
    preset: Map<String, Value>,
    public: Map<String, Value>,
    /// Where it stands in the file.
    pub(super) line: usize,
}

/// Why a request is not answered under the specs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpecRefusal {
    /// A spec must be chosen, and none is.
    #[error("No model spec selected")]
    Missing,
    /// There is no such spec.
    #[error("Invalid model spec")]
    Unknown,
    /// The spec asks another endpoint.
    #[error("Model spec mismatch")]
    OtherEndpoint,
}

/// What a request comes to under its spec.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectivePreset {
    /// The model to ask.
    pub model: Option<String>,
    /// The parameters, `promptPrefix` and the other private ones among them.
    pub parameters: Map<String, Value>,
    /// The spec that was applied.
    pub spec: Option<String>,
    /// The spec's picture, else the endpoint's name; for the answer.
    pub icon_url: Option<String>,
}

impl ModelSpecs {
    /// What a request for this endpoint, model and spec comes to. Where specs are enforced the preset takes the place of everything the
    /// request says; else what is private in it fills in what the request does not say. A spec that is not known counts only where one must
    /// be chosen.
    ///
    /// # Errors
    /// When specs are enforced and the request does not fit one.
    pub fn resolve(
        &self,
        endpoint: &str,
        model: Option<&str>,
        spec: Option<&str>,
        parameters: &Map<String, Value>,
    ) -> Result<EffectivePreset, SpecRefusal> {
        let found = spec.and_then(|name| self.find(name));
        if self.enforce && !self.list.is_empty() {
            let found = match (spec, found) {
                (None | Some(""), _) => return Err(SpecRefusal::Missing),
                (_, None) => return Err(SpecRefusal::Unknown),
                (_, Some(found)) => found,
            };
            if found.endpoint != endpoint {
                return Err(SpecRefusal::OtherEndpoint);
            }
            return Ok(found.enforced(model));
        }
        Ok(match found.filter(|found| found.endpoint == endpoint) {
            Some(found) => found.filled(model, parameters),
            None => EffectivePreset {
                model: model.map(ToOwned::to_owned),
                parameters: parameters.clone(),
                spec: spec.map(ToOwned::to_owned),
                icon_url: None,
            },
        })
    }

    /// The spec of this name.
    pub fn find(&self, name: &str) -> Option<&ModelSpec> {
        self.list.iter().find(|spec| spec.name == name)
    }

    /// As the client gets it: only what is listed, and nothing private.
    pub fn public(&self) -> Value {
        let listed = self.list.iter().filter(|spec| spec.is_listed);
        let list: Value = listed
            .map(|spec| Value::Object(spec.public.clone()))
            .collect();
        let mut public = serde_json::json!({
            "enforce": self.enforce,
            "prioritize": self.prioritize,
            "list": list,
        });
        if !self.added_endpoints.is_empty() {
            public["addedEndpoints"] = self.added_endpoints.clone().into();
        }
        public
    }

    /// Without the specs whose endpoint is not one of these; gives the names of what was taken out.
    pub fn keep_endpoints(&mut self, is_there: impl Fn(&str) -> bool) -> Vec<String> {
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.list)
            .into_iter()
            .partition(|spec| is_there(&spec.endpoint));
        self.list = kept;
        self.added_endpoints.retain(|endpoint| is_there(endpoint));
        gone.into_iter().map(|spec| spec.name).collect()
    }
}

impl ModelSpec {
    /// The whole preset in the place of what was asked for.
    fn enforced(&self, model: Option<&str>) -> EffectivePreset {
        let mut parameters = self.preset.clone();
        let own = parameters.remove("model");
        parameters.remove("endpoint");
        parameters.remove("endpointType");
        EffectivePreset {
            model: own
                .and_then(|own| own.as_str().map(ToOwned::to_owned))
                .or_else(|| model.map(ToOwned::to_owned)),
            parameters,
            spec: Some(self.name.clone()),
            icon_url: Some(self.icon()),
        }
    }

    /// What was asked for, with what is private in the preset where nothing was said.
    fn filled(&self, model: Option<&str>, given: &Map<String, Value>) -> EffectivePreset {
        let mut parameters = given.clone();
        for key in PRIVATE {
            let is_said = parameters.get(key).is_some_and(is_something);
            if let Some(value) = self.preset.get(key).filter(|_| !is_said) {
                parameters.insert(key.to_owned(), value.clone());
            }
        }
        let own = self.preset.get("model").and_then(Value::as_str);
        EffectivePreset {
            model: model.or(own).map(ToOwned::to_owned),
            parameters,
            spec: Some(self.name.clone()),
            icon_url: Some(self.icon()),
        }
    }

    fn icon(&self) -> String {
        self.icon_url
            .clone()
            .unwrap_or_else(|| self.endpoint.clone())
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}

/// Reads `modelSpecs`.
pub(super) fn read(section: &Section<'_>) -> ModelSpecs {
    let mut specs = ModelSpecs {
        enforce: section.switch("enforce").unwrap_or(false),
        prioritize: section.switch("prioritize").unwrap_or(true),
        added_endpoints: section.texts("addedEndpoints").unwrap_or_default(),
        list: Vec::new(),
    };
    for entry in section.sections("list") {
        let Some(spec) = read_spec(&entry) else {
            continue;
        };
        if specs.find(&spec.name).is_some() {
            entry.complain("name", "is the name of another spec too; names are unique");
            continue;
        }
        specs.list.push(spec);
    }
    specs
}

fn read_spec(section: &Section<'_>) -> Option<ModelSpec> {
    let name = section.text("name");
    let preset = section.json_table("preset");
    let (Some(name), Some(mut preset)) = (name, preset) else {
        section.complain("", "needs a `name` and a `preset`");
        return None;
    };
    let is_listed = section.switch("showInMenu").unwrap_or(true);
    let icon_url = section.text("iconURL");
    let mut public = Map::new();
    section.unsupported(&ABSENT);
    for key in section.keys() {
        let is_absent = ABSENT.iter().any(|(absent, _)| *absent == key);
        if let Some(node) = section.node(key).filter(|_| !is_absent) {
            public.insert(key.to_owned(), node.to_json());
            if !matches!(key, "name" | "preset" | "showInMenu" | "iconURL") {
                section.find(key, Verdict::Understood, "");
            }
        }
    }
    let Some(endpoint) = preset
        .get("endpoint")
        .and_then(Value::as_str)
        .filter(|endpoint| *endpoint != "agents")
        .map(ToOwned::to_owned)
    else {
        section.find(
            "preset",
            Verdict::Unsupported,
            "asks an agent, and there are no agents: the spec is left out",
        );
        return None;
    };
    // What people bring in as `null` is not there.
    preset.retain(|_, value| !value.is_null());
    let mut shown = preset.clone();
    shown.retain(|key, _| !PRIVATE.contains(&key.as_str()));
    public.insert("preset".to_owned(), shown.into());
    if !public.contains_key("label") {
        public.insert("label".to_owned(), name.clone().into());
    }
    Some(ModelSpec {
        name,
        endpoint,
        icon_url,
        is_listed,
        preset,
        public,
        line: section.line,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Report;
    use super::super::yaml;
    use super::*;

    fn specs(text: &str) -> ModelSpecs {
        let node = yaml::parse(text).unwrap();
        let report = Report::default();
        let specs = read(&Section::open(&node, "modelSpecs", &report).unwrap());
        assert_eq!(report.into_lists().1, []);
        specs
    }

    const TEXT: &str = "
list:
  - name: guide
    label: Guide
    iconURL: /guide.svg
    preset: {endpoint: Mock, model: mock-1, promptPrefix: Be brief., temperature: 0.2}
  - name: hidden
    showInMenu: false
    preset: {endpoint: Mock, model: mock-2}
";

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(table) => table,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_private_stays_here() {
        assert_eq!(
            specs(TEXT).public(),
            json!({"enforce": false, "prioritize": true, "list": [{
                "name": "guide", "label": "Guide", "iconURL": "/guide.svg",
                "preset": {"endpoint": "Mock", "model": "mock-1", "temperature": 0.2}
            }]})
        );
    }

    #[test]
    fn a_spec_fills_in_what_is_private_and_leaves_what_was_said() {
        let specs = specs(TEXT);
        let said = object(json!({"temperature": 0.9}));
        let expected = EffectivePreset {
            model: Some("mock-9".to_owned()),
            parameters: object(json!({"temperature": 0.9, "promptPrefix": "Be brief."})),
            spec: Some("guide".to_owned()),
            icon_url: Some("/guide.svg".to_owned()),
        };
        assert_eq!(
            specs.resolve("Mock", Some("mock-9"), Some("guide"), &said),
            Ok(expected)
        );
        let own = object(json!({"promptPrefix": "Be long."}));
        let resolved = specs.resolve("Mock", None, Some("guide"), &own).unwrap();
        assert_eq!(resolved.parameters, own);
        assert_eq!(resolved.model.as_deref(), Some("mock-1"));
    }

    #[test]
    fn an_unknown_spec_changes_nothing_where_none_must_be_chosen() {
        let resolved = specs(TEXT)
            .resolve("Mock", Some("m"), Some("gone"), &Map::new())
            .unwrap();
        assert_eq!(
            (resolved.spec.as_deref(), resolved.icon_url),
            (Some("gone"), None)
        );
    }

    #[test]
    fn enforced_specs_take_the_place_of_the_request() {
        let specs = specs(&format!("enforce: true{TEXT}"));
        let said = object(json!({"temperature": 2, "promptPrefix": "Say everything."}));
        let resolve = |endpoint, spec| specs.resolve(endpoint, Some("other"), spec, &said);
        let expected = EffectivePreset {
            model: Some("mock-1".to_owned()),
            parameters: object(json!({"promptPrefix": "Be brief.", "temperature": 0.2})),
            spec: Some("guide".to_owned()),
            icon_url: Some("/guide.svg".to_owned()),
        };
        assert_eq!(resolve("Mock", Some("guide")), Ok(expected));
        assert_eq!(resolve("Mock", None), Err(SpecRefusal::Missing));
        assert_eq!(resolve("Mock", Some("gone")), Err(SpecRefusal::Unknown));
        assert_eq!(
            resolve("openAI", Some("guide")),
            Err(SpecRefusal::OtherEndpoint)
        );
    }

    #[test]
    fn specs_of_endpoints_that_are_not_there_are_taken_out() {
        let mut specs = specs(&format!("addedEndpoints: [Mock, openAI]{TEXT}"));
        assert_eq!(
            specs.keep_endpoints(|name| name == "openAI"),
            ["guide", "hidden"]
        );
        assert_eq!(
            (specs.list.len(), specs.added_endpoints),
            (0, vec!["openAI".to_owned()])
        );
    }
}
