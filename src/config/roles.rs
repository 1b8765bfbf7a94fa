//! What the stages of a funnel are to the KPIs that are about one of them: funnels call their stages as they like, and a
//! KPI about qualified leads must not vanish because theirs are called `demo`.
//!
//! The first stage and the last one (`won`) need no word: their places say what they are.

use anyhow::Result;
use serde::Deserialize;

use crate::bilingual;
use crate::error::{data_error, suggestion};
use crate::lang::Bilingual;

/// `[roles]`: the stage that has each role, where it is not the stage that is usually called so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// From which stage on a lead counts as qualified
    pub qualified: Option<String>,
    /// From which stage on a lead counts as an opportunity
    pub opportunity: Option<String>,
}

/// A role that a stage can have.
#[derive(Debug)]
pub struct Role {
    /// The key in `[roles]`, and the mark in `catalogue.toml`.
    pub name: &'static str,
    /// The stage that has it where nothing is said.
    usual_stage: &'static str,
    /// What brings a KPI that needs the role.
    pub setting: fn() -> Bilingual,
    said: fn(&Roles) -> Option<&String>,
}

/// All roles. One more is an entry here, its field in [`Roles`], and its mark in `catalogue.toml`.
pub const ALL: [Role; 2] = [
    Role {
        name: "qualified",
        usual_stage: "mql",
        setting: || {
            bilingual!(
                "`[roles] qualified = \"…\"` in funnel.toml: the stage from which a lead counts as qualified"
            )
        },
        said: |roles| roles.qualified.as_ref(),
    },
    Role {
        name: "opportunity",
        usual_stage: "opportunity",
        setting: || {
            bilingual!(
                "`[roles] opportunity = \"…\"` in funnel.toml: the stage from which a lead counts as an opportunity"
            )
        },
        said: |roles| roles.opportunity.as_ref(),
    },
];

impl Role {
    /// The stage that has the role: the one that is said, else the one of the usual name; none where there is no such.
    pub fn stage<'a>(&self, roles: &'a Roles, stages: &'a [String]) -> Option<&'a str> {
        let said = (self.said)(roles).map(String::as_str);
        said.or_else(|| stages.iter().map(String::as_str).find(|stage| *stage == self.usual_stage))
    }

    /// The name that stands for the stage in measures where no stage has the role: no stage can be called so.
    pub fn vacant(&self) -> String {
        format!("_no_{}", self.name)
    }
}

/// The stage from which a lead counts as an opportunity; none where no stage is one.
pub fn opportunity<'a>(roles: &'a Roles, stages: &'a [String]) -> Option<&'a str> {
    ALL.iter().find(|role| role.name == "opportunity").and_then(|role| role.stage(roles, stages))
}

/// The role that a name in a measure stands for because no stage has it.
pub fn of_vacant(name: &str) -> Option<&'static Role> {
    ALL.iter().find(|role| role.vacant() == name)
}

/// Refuses stages that the funnel does not have.
///
/// # Errors
/// The first of them, with the nearest stage.
pub fn validate(roles: &Roles, stages: &[String]) -> Result<()> {
    for role in &ALL {
        let Some(stage) = (role.said)(roles).filter(|stage| !stages.contains(stage)) else { continue };
        let known: Vec<&str> = stages.iter().map(String::as_str).collect();
        return Err(data_error(
            format!("`[roles]`: `{} = \"{stage}\"` names no stage", role.name),
            suggestion(stage, &known),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> Roles {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_role_is_said_or_usual_or_vacant() {
        let stages = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        let [qualified, opportunity] = &ALL;
        let usual = stages(&["lead", "mql", "sql", "won"]);
        assert_eq!(qualified.stage(&Roles::default(), &usual), Some("mql"));
        assert_eq!(qualified.stage(&roles("qualified = 'sql'"), &usual), Some("sql"));
        assert_eq!(opportunity.stage(&Roles::default(), &usual), None);
        assert!(of_vacant(&opportunity.vacant()).is_some() && of_vacant("opportunity").is_none());
    }

    #[test]
    fn a_stage_that_the_funnel_lacks_is_refused() {
        let stages = ["lead".to_string(), "demo".to_string()];
        assert!(validate(&roles("qualified = 'demo'"), &stages).is_ok());
        assert!(validate(&roles("opportunity = 'demos'"), &stages).is_err());
    }
}
