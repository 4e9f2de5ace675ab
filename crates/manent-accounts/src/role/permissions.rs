//! What can be permitted, and what is by default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

coded! {
    /// What a permission is about.
    PermissionGroup {
        /// Prompts that people keep.
        Prompts = "PROMPTS",
        /// Agents.
        Agents = "AGENTS",
        /// Bookmarks of conversations.
        Bookmarks = "BOOKMARKS",
        /// What the assistant remembers about a person.
        Memories = "MEMORIES",
        /// Two answers side by side.
        MultiConversation = "MULTI_CONVO",
        /// Conversations that are not kept.
        TemporaryChat = "TEMPORARY_CHAT",
        /// Running code.
        RunCode = "RUN_CODE",
        /// Searching the web.
        WebSearch = "WEB_SEARCH",
        /// Searching in files.
        FileSearch = "FILE_SEARCH",
        /// Citing files.
        FileCitations = "FILE_CITATIONS",
        /// Seeing other people and groups in order to share with them.
        PeoplePicker = "PEOPLE_PICKER",
        /// The marketplace of agents.
        Marketplace = "MARKETPLACE",
        /// Servers of tools.
        McpServers = "MCP_SERVERS",
        /// Agents called by other programs.
        RemoteAgents = "REMOTE_AGENTS",
        /// Skills.
        Skills = "SKILLS",
        /// Links that show a conversation to others.
        SharedLinks = "SHARED_LINKS",
    }
}

coded! {
    /// What may be done with it.
    Permission {
        /// Use it at all.
        Use = "USE",
        /// Make new ones.
        Create = "CREATE",
        /// Share with chosen people.
        Share = "SHARE",
        /// Share with everybody.
        SharePublic = "SHARE_PUBLIC",
        /// Change.
        Update = "UPDATE",
        /// Read.
        Read = "READ",
        /// Switch it off for oneself.
        OptOut = "OPT_OUT",
        /// See people.
        ViewUsers = "VIEW_USERS",
        /// See groups.
        ViewGroups = "VIEW_GROUPS",
        /// See roles.
        ViewRoles = "VIEW_ROLES",
        /// Let a server of tools act in the person's name.
        ConfigureOnBehalfOf = "CONFIGURE_OBO",
    }
}

impl PermissionGroup {
    /// The permissions of the group, each with whether `USER` has it by default.
    pub const fn defaults(self) -> &'static [(Permission, bool)] {
        match self {
            Self::Prompts | Self::Agents | Self::Skills => &[
                (Permission::Use, true),
                (Permission::Create, true),
                (Permission::Share, false),
                (Permission::SharePublic, false),
            ],
            Self::Bookmarks
            | Self::MultiConversation
            | Self::TemporaryChat
            | Self::RunCode
            | Self::WebSearch
            | Self::FileSearch
            | Self::FileCitations => &[(Permission::Use, true)],
            Self::Memories => &[
                (Permission::Use, true),
                (Permission::Create, true),
                (Permission::Update, true),
                (Permission::Read, true),
                (Permission::OptOut, true),
            ],
            Self::PeoplePicker => &[
                (Permission::ViewUsers, false),
                (Permission::ViewGroups, false),
                (Permission::ViewRoles, false),
            ],
            Self::Marketplace => &[(Permission::Use, false)],
            Self::McpServers => &[
                (Permission::Use, true),
                (Permission::Create, false),
                (Permission::Share, false),
                (Permission::SharePublic, false),
                (Permission::ConfigureOnBehalfOf, false),
            ],
            Self::RemoteAgents => &[
                (Permission::Use, false),
                (Permission::Create, false),
                (Permission::Share, false),
                (Permission::SharePublic, false),
            ],
            Self::SharedLinks => &[
                (Permission::Create, true),
                (Permission::Share, true),
                (Permission::SharePublic, true),
            ],
        }
    }
}

/// The group has no such permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{group} has no permission {permission}")]
pub struct UnknownPermission {
    /// The group.
    pub group: PermissionGroup,
    /// What it does not have.
    pub permission: Permission,
}

/// Permissions and whether they are given: all of a role's, or a few that are to be changed. Invariant: each belongs to its group.
///
/// As JSON, which is also how stores keep it: `{"PROMPTS":{"USE":true,"SHARE":false}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Permissions(Table);

type Table = BTreeMap<PermissionGroup, BTreeMap<Permission, bool>>;

impl Permissions {
    /// What `USER` may before anybody changed it.
    pub fn of_user() -> Self {
        Self::filled(|default| default)
    }

    /// What `ADMIN` may: everything.
    pub fn of_admin() -> Self {
        Self::filled(|_| true)
    }

    fn filled(value: impl Fn(bool) -> bool) -> Self {
        let group = |group: &PermissionGroup| {
            let defaults = group.defaults().iter();
            let values = defaults.map(|(permission, default)| (*permission, value(*default)));
            (*group, values.collect())
        };
        Self(PermissionGroup::ALL.iter().map(group).collect())
    }

    /// Whether the permission is given; absent when nothing is said about it.
    pub fn get(&self, group: PermissionGroup, permission: Permission) -> Option<bool> {
        self.0.get(&group)?.get(&permission).copied()
    }

    /// Says whether a permission is given.
    ///
    /// # Errors
    /// When the group has no such permission.
    pub fn set(
        &mut self,
        group: PermissionGroup,
        permission: Permission,
        is_given: bool,
    ) -> Result<(), UnknownPermission> {
        if !group
            .defaults()
            .iter()
            .any(|(known, _)| *known == permission)
        {
            return Err(UnknownPermission { group, permission });
        }
        self.0
            .entry(group)
            .or_default()
            .insert(permission, is_given);
        Ok(())
    }

    /// These, with the others laid over them.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let mut table = self.0.clone();
        for (group, permissions) in &others.0 {
            table.entry(*group).or_default().extend(permissions);
        }
        Self(table)
    }

    /// Whether nothing is said about anything.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeMap::is_empty)
    }

    /// Each with its group, in the order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (PermissionGroup, Permission, bool)> {
        self.0.iter().flat_map(|(group, permissions)| {
            let permissions = permissions.iter();
            permissions.map(|(permission, is_given)| (*group, *permission, *is_given))
        })
    }
}

impl TryFrom<Table> for Permissions {
    type Error = UnknownPermission;

    fn try_from(table: Table) -> Result<Self, UnknownPermission> {
        let mut permissions = Self::default();
        for (group, values) in table {
            for (permission, is_given) in values {
                permissions.set(group, permission, is_given)?;
            }
        }
        Ok(permissions)
    }
}

impl From<Permissions> for Table {
    fn from(permissions: Permissions) -> Self {
        permissions.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let user = Permissions::of_user();
        let text = serde_json::to_string(&user).unwrap();
        assert!(text.starts_with(r#"{"PROMPTS":{"USE":true,"CREATE":true,"SHARE":false,"#));
        assert_eq!(serde_json::from_str::<Permissions>(&text).unwrap(), user);
    }

    #[test]
    fn refuses_a_permission_that_the_group_does_not_have() {
        assert!(serde_json::from_str::<Permissions>(r#"{"BOOKMARKS":{"SHARE":true}}"#).is_err());
        assert!(serde_json::from_str::<Permissions>(r#"{"SPELLS":{"USE":true}}"#).is_err());
        assert_eq!(
            Permissions::default().set(PermissionGroup::Bookmarks, Permission::Share, true),
            Err(UnknownPermission {
                group: PermissionGroup::Bookmarks,
                permission: Permission::Share
            })
        );
    }

    #[test]
    fn administrators_have_every_permission_and_users_the_defaults() {
        assert!(Permissions::of_admin().iter().all(|(_, _, given)| given));
        let given = Permissions::of_user()
            .iter()
            .filter(|(_, _, given)| *given)
            .count();
        assert_eq!((given, Permissions::of_user().iter().count()), (22, 40));
    }
}
