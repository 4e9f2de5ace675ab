//! `interface`: what the client shows, and what the role `USER` may.

use serde_json::{Map, Value, json};

use super::finding::Verdict;
use super::section::Section;

/// What the client is told as it stands in the file.
const SHOWN: [&str; 11] = [
    "customWelcome",
    "privacyPolicy",
    "termsOfService",
    "autoSubmitFromUrl",
    "contextUsage",
    "contextCost",
    "currency",
    "buildInfo",
    "feedback",
    "codeHighlightThrottleMs",
    "temporaryChatRetention",
];

/// Panels that a list of model specs hides where nothing is said.
const PANELS: [&str; 3] = ["modelSelect", "parameters", "presets"];

/// Permissions that are one switch: the key, the group, and whether Manent has what it is about.
const SWITCHES: [(&str, &str, bool); 9] = [
    ("bookmarks", "BOOKMARKS", true),
    ("multiConvo", "MULTI_CONVO", true),
    ("temporaryChat", "TEMPORARY_CHAT", true),
    ("runCode", "RUN_CODE", false),
    ("webSearch", "WEB_SEARCH", false),
    ("fileSearch", "FILE_SEARCH", false),
    ("fileCitations", "FILE_CITATIONS", false),
    ("memories", "MEMORIES", false),
    ("marketplace", "MARKETPLACE", false),
];

/// Permissions that are a switch or a table of them.
const GROUPS: [(&str, &str, bool); 6] = [
    ("prompts", "PROMPTS", true),
    ("agents", "AGENTS", false),
    ("mcpServers", "MCP_SERVERS", false),
    ("skills", "SKILLS", false),
    ("remoteAgents", "REMOTE_AGENTS", false),
    ("sharedLinks", "SHARED_LINKS", true),
];

const NOT_HERE: &str = "there is none of it here: it is off for everybody";

/// What the client shows, and what people may.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interface {
    shown: Map<String, Value>,
    /// Permissions of the role `USER` that the file sets, as in `{"BOOKMARKS": {"USE": false}}`.
    pub permissions: Map<String, Value>,
    /// Hours after which temporary conversations are gone.
    pub temporary_hours: Option<f64>,
    /// Whether pictures and documents go into what a shared link shows.
    pub snapshot_files: Option<bool>,
}

impl Interface {
    /// As the client gets it.
    pub fn public(&self, has_specs: bool, has_added_endpoints: bool) -> Value {
        let mut public = json!({
            "modelSelect": !has_specs || has_added_endpoints,
            "parameters": !has_specs,
            "presets": !has_specs,
            "contextUsage": true,
            "contextCost": false,
        });
        for (key, value) in &self.shown {
            public[key] = value.clone();
        }
        public
    }

    /// What of it those see who are not signed in.
    pub fn public_before_sign_in(&self) -> Option<Value> {
        let mut public = Map::new();
        for key in ["privacyPolicy", "termsOfService"] {
            if let Some(value) = self.shown.get(key) {
                public.insert(key.to_owned(), value.clone());
            }
        }
        if self.shown.get("buildInfo") == Some(&Value::Bool(false)) {
            public.insert("buildInfo".to_owned(), false.into());
        }
        (!public.is_empty()).then_some(Value::Object(public))
    }

    /// Whether people must agree to terms before they go on.
    pub fn asks_for_terms(&self) -> bool {
        let terms = self.shown.get("termsOfService");
        terms.and_then(|terms| terms.get("modalAcceptance")) == Some(&Value::Bool(true))
    }

    fn permit(&mut self, group: &str, permission: &str, is_given: bool) {
        let group = self
            .permissions
            .entry(group)
            .or_insert_with(|| Value::Object(Map::new()));
        group[permission] = is_given.into();
    }
}

/// Reads `interface`.
pub(super) fn read(section: &Section<'_>) -> Interface {
    let mut interface = Interface::default();
    for key in SHOWN {
        if let Some(node) = section.node(key) {
            section.find(key, Verdict::Understood, "");
            interface.shown.insert(key.to_owned(), node.to_json());
        }
    }
    for key in PANELS {
        if let Some(value) = section.switch(key) {
            interface.shown.insert(key.to_owned(), value.into());
        }
    }
    if let Some(node) = section.node("temporaryChatRetention") {
        interface.temporary_hours = node
            .to_json()
            .as_f64()
            .filter(|hours| (1.0..=8760.0).contains(hours));
        if interface.temporary_hours.is_none() {
            section.complain(
                "temporaryChatRetention",
                "must be a number of hours from 1 to 8760",
            );
        }
    }
    for (key, group, is_there) in SWITCHES {
        read_switch(section, key, group, is_there, &mut interface);
    }
    for (key, group, is_there) in GROUPS {
        read_group(section, key, group, is_there, &mut interface);
    }
    section.ignore(&[
        ("endpointsMenu", "the client has no such menu any more"),
        ("sidePanel", "the client has no such switch any more"),
        ("defaultPinnedTools", "there are no tools"),
        (
            "peoplePicker",
            "things are shared by link, never with chosen people",
        ),
    ]);
    section.unsupported(&[
        (
            "retentionMode",
            "conversations are kept until somebody deletes them; only temporary ones expire",
        ),
        ("schedules", "nothing is asked on a schedule"),
        (
            "replyNotifications",
            "the client asks for the list of conversations as it always does",
        ),
        ("traceViewer", "there are no traces"),
    ]);
    interface
}

fn read_switch(
    section: &Section<'_>,
    key: &str,
    group: &str,
    is_there: bool,
    interface: &mut Interface,
) {
    let Some(node) = section.node(key) else {
        return;
    };
    let value = node.to_json();
    // `marketplace` is a table with `use`; the rest may be one.
    let is_given = value.as_bool().or_else(|| value.get("use")?.as_bool());
    let Some(is_given) = is_given else {
        section.complain(key, "must be true or false");
        return;
    };
    if is_given && !is_there {
        section.find(key, Verdict::Unsupported, NOT_HERE);
        return;
    }
    section.find(key, Verdict::Understood, "");
    if is_there {
        interface.permit(group, "USE", is_given);
        interface.shown.insert(key.to_owned(), is_given.into());
    }
}

fn read_group(
    section: &Section<'_>,
    key: &str,
    group: &str,
    is_there: bool,
    interface: &mut Interface,
) {
    let Some(node) = section.node(key) else {
        return;
    };
    let value = node.to_json();
    let first = if group == "SHARED_LINKS" {
        "CREATE"
    } else {
        "USE"
    };
    let is_wanted = value.as_bool().unwrap_or_else(|| {
        let table = value.as_object();
        table.is_some_and(|table| table.values().any(|value| value == &Value::Bool(true)))
    });
    if !value.is_boolean() && !value.is_object() {
        section.complain(key, "must be true, false, or a table of them");
        return;
    }
    if !is_there {
        let verdict = if is_wanted {
            Verdict::Unsupported
        } else {
            Verdict::Understood
        };
        section.find(key, verdict, if is_wanted { NOT_HERE } else { "" });
        return;
    }
    section.find(key, Verdict::Understood, "");
    if let Some(is_given) = value.as_bool() {
        interface.permit(group, first, is_given);
        if group == "SHARED_LINKS" {
            interface.permit(group, "SHARE_PUBLIC", is_given);
        }
        return;
    }
    for (name, permission) in [
        ("use", "USE"),
        ("create", "CREATE"),
        ("share", "SHARE"),
        ("public", "SHARE_PUBLIC"),
    ] {
        let is_known = group != "SHARED_LINKS" || permission != "USE";
        if let Some(is_given) = value
            .get(name)
            .and_then(Value::as_bool)
            .filter(|_| is_known)
        {
            interface.permit(group, permission, is_given);
        }
    }
    if group == "SHARED_LINKS" {
        interface.snapshot_files = value.get("snapshotFiles").and_then(Value::as_bool);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Report;
    use super::super::yaml;
    use super::*;

    fn interface(text: &str) -> Interface {
        let node = yaml::parse(text).unwrap();
        let report = Report::default();
        let interface = read(&Section::open(&node, "interface", &report).unwrap());
        assert_eq!(report.into_lists().1, []);
        interface
    }

    #[test]
    fn specs_hide_the_panels_unless_the_file_says_otherwise() {
        let public = |interface: &Interface, has_specs, has_added| {
            let public = interface.public(has_specs, has_added);
            ["modelSelect", "parameters", "presets"].map(|key| public[key] == true)
        };
        let plain = Interface::default();
        assert_eq!(public(&plain, false, false), [true, true, true]);
        assert_eq!(public(&plain, true, false), [false, false, false]);
        assert_eq!(public(&plain, true, true), [true, false, false]);
        let said = interface("presets: true\nmodelSelect: false\n");
        assert_eq!(public(&said, true, true), [false, false, true]);
    }

    #[test]
    fn permissions_are_set_only_where_the_file_says_so() {
        let said = interface(
            "bookmarks: false\nprompts: {use: true, create: false}\nsharedLinks: {public: false, snapshotFiles: false}\nagents: true\nmarketplace: {use: false}\n",
        );
        assert_eq!(
            Value::Object(said.permissions),
            json!({
                "BOOKMARKS": {"USE": false},
                "PROMPTS": {"USE": true, "CREATE": false},
                "SHARED_LINKS": {"SHARE_PUBLIC": false}
            })
        );
        assert_eq!(said.snapshot_files, Some(false));
    }

    #[test]
    fn strangers_see_the_policies_alone() {
        let said = interface("customWelcome: hello\nprivacyPolicy: {externalUrl: /privacy}\n");
        assert_eq!(
            said.public_before_sign_in(),
            Some(json!({"privacyPolicy": {"externalUrl": "/privacy"}}))
        );
        assert_eq!(Interface::default().public_before_sign_in(), None);
    }
}
