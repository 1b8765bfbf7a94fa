//! What the data lack for a measure or a KPI, in words: it is left out, and the user is told what would bring it.

use super::catalogue::{Calculation, Entry, Quantity, QuantityKind};
use super::contacts::{ACCOUNT, CONTACTS, SINGLE};
use super::customers::{PRODUCT_GROUPS, product_column};
use super::derived::{self, complaints};
use super::evaluate::{Evaluator, columns_of};
use super::rows::PARAMETERS;
use super::sql::Predicate;
use super::view::{TOUCH_IS_DUE, TOUCHED_IN_TIME, dimension};
use crate::config::roles;
use crate::lang::Bilingual;
use crate::leads::Over;
use crate::leads::margin::EARNED;
use crate::words;

/// The need of a KPI that follows leads from stage to stage.
const LEAD_IDS: &str = "lead_ids";

impl Evaluator<'_> {
    /// What the data lack for a KPI: a table, or a column of one. None: the KPI can be computed.
    pub fn lacking(&self, entry: &Entry) -> Option<Bilingual> {
        let is_table = |need: &str| self.view.data.facts.keys().any(|over| over.name() == need);
        let is_of_customers = |need: &str| need == complaints::NAME && self.knows(Over::Customers, need);
        let is_met = |need: &str| is_table(need) || self.knows(Over::Leads, need) || is_of_customers(need);
        let unmet = entry.kpi.needs.iter().find(|need| !is_met(need));
        let by_needs = unmet.map(|need| self.describe_lack(Over::Leads, need));
        let of_dimension = match &entry.calculation {
            Calculation::Largest(measure, name)
                if self
                    .catalogue
                    .measures
                    .get(measure)
                    .is_some_and(|quantity| !self.knows(quantity.over, name)) =>
            {
                Some(self.describe_lack(Over::Leads, name))
            }
            _ => None,
        };
        by_needs.or(of_dimension).or_else(|| {
            let measures = entry.calculation.measures();
            measures.into_iter().find_map(|measure| self.lacking_for(&self.catalogue.measures[measure]))
        })
    }

    /// What the data lack for a measure.
    pub(super) fn lacking_of(&self, measure: &str) -> Option<Bilingual> {
        self.lacking_for(self.catalogue.measures.get(measure)?)
    }

    /// A column that a predicate looks at and no row has, in words.
    pub(super) fn unknown_column(&self, over: Over, predicate: &Predicate) -> Option<Bilingual> {
        let unknown = predicate.columns.iter().find(|name| !self.knows(over, name))?;
        Some(self.describe_lack(over, unknown))
    }

    fn lacking_for(&self, quantity: &Quantity) -> Option<Bilingual> {
        let facts = &self.view.data.facts;
        if !facts.contains_key(&quantity.over) {
            return Some(match quantity.over {
                Over::Customers if facts.contains_key(&Over::Contracts) => {
                    lack(words!("the column `started_at` in contracts"))
                }
                Over::Customers => lack(input(Over::Contracts)),
                Over::Costs => columns_of(quantity).first().map_or_else(
                    || lack(words!("`[costs]` in funnel.toml")),
                    |name| self.describe_lack(Over::Costs, name),
                ),
                over => lack(input(over)),
            });
        }
        if matches!(quantity.kind, QuantityKind::HoursToFirstTouch)
            && let Err(lack) = &self.view.data.first_touches.touches
        {
            return Some(lack.clone());
        }
        let mut names = columns_of(quantity).into_iter().filter(|name| !PARAMETERS.contains(&name.as_str()));
        names
            .find(|name| !self.knows(quantity.over, name))
            .map(|name| self.describe_lack(quantity.over, &name))
    }

    pub(super) fn knows(&self, over: Over, name: &str) -> bool {
        let facts = self.view.data.facts.get(&over);
        let is_column = facts.is_some_and(|facts| facts.table.has(name))
            || dimension(self.view.data, over, name).is_some();
        let folded = |onto: &[Over]| {
            let measure = self.catalogue.measures.get(name);
            measure.is_some_and(|folded| !onto.contains(&folded.over) && self.lacking_for(folded).is_none())
        };
        match over {
            _ if is_column => return true,
            Over::Payments if name == EARNED => return true,
            Over::Accounts => {
                let has_products = || {
                    let contracts = self.view.data.facts.get(&Over::Contracts);
                    contracts.is_some_and(|facts| {
                        product_column(|name| facts.table.dictionaries.contains_key(name)).is_some()
                    })
                };
                let others =
                    [Over::Leads, Over::Accounts, Over::Spend, Over::Costs, Over::Tickets, Over::Customers];
                return if name == PRODUCT_GROUPS { has_products() } else { folded(&others) };
            }
            Over::Leads if name == EARNED => {
                return facts.is_some_and(|facts| facts.table.has("amount") || facts.table.has("margin"));
            }
            Over::Leads => {}
            _ => return false,
        }
        let stage = stage_of(name);
        match name {
            _ if self.view.stage(stage).is_some() => true,
            LEAD_IDS => !self.view.data.is_event_based,
            _ if self.view.window(name).is_some() => true,
            TOUCH_IS_DUE | TOUCHED_IN_TIME => self.view.data.first_touches.touches.is_ok(),
            "lost" | "lost_at" => self.view.data.stages.knows_lost,
            "open" => self.view.stage("won").is_some(),
            "created" | "existing" => true,
            ACCOUNT | SINGLE | CONTACTS => self.view.data.customer_of_lead.is_some(),
            "created_at" => self.view.data.created_at().is_some(),
            _ => folded(&[Over::Leads]),
        }
    }

    fn describe_lack(&self, over: Over, name: &str) -> Bilingual {
        if name == "lost" {
            return lack(words!("a date, a reason or a status of loss in crm"));
        }
        if over == Over::Leads && name == "open" {
            return lack(words!(
                "the stage `won` in crm, without which no lead is known to be open: the date `won_at`, or a status"
            ));
        }
        if over == Over::Leads && [ACCOUNT, SINGLE, CONTACTS].contains(&name) {
            return lack(words!("the column `customer_id` in crm"));
        }
        if let (Over::Leads, TOUCH_IS_DUE | TOUCHED_IN_TIME, Err(lack)) =
            (over, name, &self.view.data.first_touches.touches)
        {
            return lack.clone();
        }
        if name == LEAD_IDS {
            return lack(words!("lead IDs in crm, without which no lead can be followed"));
        }
        if over == Over::Accounts {
            return self.lack_of_accounts(name);
        }
        let stage = stage_of(name);
        if let Some(role) = roles::of_vacant(stage) {
            return (role.setting)();
        }
        if over == Over::Leads && self.catalogue.stages.iter().any(|known| known == stage) {
            return Bilingual::new(
                words!("the date `{stage}_at`, or a status, in crm"),
                &[("stage", &stage)],
            );
        }
        if let Some(derived) = derived::find(name) {
            return lack(derived.needs);
        }
        if over == Over::Costs {
            return Bilingual::new(words!("`[costs] {name}` in funnel.toml"), &[("name", &name)]);
        }
        let table = if over == Over::Leads { "crm" } else { over.name() };
        let names = self.view.data.facts.get(&over).map(|facts| facts.table.frame.get_column_names_str());
        let near = crate::error::nearest(name, names.unwrap_or_default());
        match near {
            Some(near) => Bilingual::new(
                words!("the column `{name}` in {table} (did you mean `{near}`?)"),
                &[("name", &name), ("table", &table), ("near", &near)],
            ),
            None => Bilingual::new(
                words!("the column `{name}` in {table}"),
                &[("name", &name), ("table", &table)],
            ),
        }
    }

    fn lack_of_accounts(&self, name: &str) -> Bilingual {
        let measure = self.catalogue.measures.get(name);
        // such a one bears the name of its own column, which comes from payments
        if measure.is_some_and(|measure| measure.over == Over::Accounts) {
            return lack(input(Over::Payments));
        }
        match measure.and_then(|measure| self.lacking_for(measure)) {
            Some(lack) => lack,
            None if name == PRODUCT_GROUPS => lack(words!("the column `product` in contracts")),
            None => Bilingual::new(words!("customers with `{name}`"), &[("name", &name)]),
        }
    }
}

fn lack(whole_text: &'static str) -> Bilingual {
    Bilingual::new(whole_text, &[])
}

/// An input by its name and its option; the tables that are made of others have none.
fn input(over: Over) -> &'static str {
    match over {
        Over::Leads => words!("leads (`--crm`)"),
        Over::Spend => words!("spend (`--spend`)"),
        Over::Tickets => words!("tickets (`--tickets`)"),
        Over::Contracts | Over::Customers => words!("contracts (`--contracts`)"),
        Over::Payments | Over::Accounts => words!("payments (`--payments`)"),
        Over::Costs => words!("`[costs]` in funnel.toml"),
    }
}

/// The stage that a column of the leads is about: `mql_at` → `mql`.
fn stage_of(column: &str) -> &str {
    let endings = ["_ever", "_counted_at", "_at"];
    endings.iter().find_map(|ending| column.strip_suffix(ending)).unwrap_or(column)
}
