//! What changed between two reports, as text and as CSV.

use std::collections::BTreeSet;

use super::grid::{MARGIN, fitted, hung, lines, wrapped};
use super::terminal::{Look, visible, visible_in_line};
use super::{status_text, value_text};
use crate::config::Basis;
use crate::csv_text::CsvText;
use crate::diff::{Change, Changes, Located, Numbers, RowChange, Saved, catalogue_of, has_other_rows, title};
use crate::kpi::catalogue::Unit;
use crate::kpi::exact::Exact;
use crate::kpi::view::TOTAL;
use crate::lang;
use crate::report::layout::with_unit;
use crate::report::tables;
use crate::report::targets::Status;
use crate::say;
use anyhow::Result;

/// So many rows of a measure are named; all others stand in `--rows`.
const NAMED: usize = 5;

/// What changed, for people: the values, and the first of the rows that made the difference.
pub fn text(old: &Saved, new: &Saved, changes: &Changes, rows: Option<&[RowChange]>, look: Look) -> String {
    let width = look.width;
    let catalogue = catalogue_of(new);
    let titled = |key: &str| title(catalogue.as_ref(), key);
    let count = |kind: &str| changes.changed.iter().filter(|change| change.kind() == kind).count();
    let told = |text: &str| wrapped(text, width, "");
    let head = format!(
        "{}\n{}\n",
        look.title(&say!("FROM {old} TO {new}", old = old.name, new = new.name)),
        told(&say!(
            "as of {old} and {new}: {changed} of {common} values changed, {added} added, {removed} removed",
            old = old.as_of,
            new = new.as_of,
            changed = count("changed"),
            common = changes.common,
            added = count("added"),
            removed = count("removed"),
        ))
    );
    let behind = match rows {
        _ if changes.changed.is_empty() => None,
        None => {
            let unknown = say!("which rows made the difference is known of reports made with `--evidence`");
            Some(told(&unknown) + "\n")
        }
        Some([]) => Some(
            told(&say!(
                "No row adds anything else to the totals than before: what differs is as of another day, or divided among the \
                 rows of a split in another way, as spend is when leads come and go."
            )) + "\n",
        ),
        Some(rows) => Some(rows_text(rows, titled, look)),
    };
    let currency = new.currency.as_deref();
    let parts: Vec<String> =
        std::iter::once(head).chain(tables(changes, currency, titled, look)).chain(behind).collect();
    visible(&parts.join("\n"))
}

/// A grid for each table, period and basis in which something changed.
fn tables(
    changes: &Changes,
    currency: Option<&str>,
    titled: impl Fn(&str) -> String,
    look: Look,
) -> Vec<String> {
    let of = |change: &Change| {
        let place = &change.place;
        (place.table.clone(), place.period.clone(), place.basis.clone())
    };
    let mut tables: Vec<(String, String, String)> = Vec::new();
    for table in changes.changed.iter().map(of) {
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let known = tables::tables().unwrap_or_default();
    let text = |table: (String, String, String)| {
        let own: Vec<&Change> = changes.changed.iter().filter(|change| of(change) == table).collect();
        let (name, period, basis) = table;
        format!(
            "{}\n{}\n{}",
            look.title(&title_of_table(&known, &name).to_uppercase()),
            basis_and_period(&basis, &period),
            grid(&own, currency, &titled, look)
        )
    };
    tables.into_iter().map(text).collect()
}

/// The title of a table as reports have it; the name itself of one that this program does not know.
fn title_of_table(known: &[tables::Table], name: &str) -> String {
    let table = known.iter().find(|table| table.name == name);
    table.map_or_else(|| lang::heading(name), |table| table.title.clone())
}

/// What the values of a table count.
fn basis_and_period(basis: &str, period: &str) -> String {
    let period = lang::period(period);
    if basis == Basis::Cohort.name() {
        say!("cohort basis, period {period}", period = period)
    } else {
        say!("event basis, period {period}", period = period)
    }
}

/// The changes of one table.
fn grid(changes: &[&Change], currency: Option<&str>, titled: impl Fn(&str) -> String, look: Look) -> String {
    let is_split = changes.iter().any(|change| !change.place.key.is_empty());
    let labels: Vec<String> = std::iter::once(say!("KPI")).chain(is_split.then(|| say!("Of what"))).collect();
    let is_judged = changes.iter().any(|change| judged(change));
    let of_targets = if is_judged { vec![say!("Target"), say!("Status")] } else { Vec::new() };
    let headings = [say!("Before"), say!("After"), say!("Change"), say!("Numerator"), say!("Denominator")];
    let headings: Vec<String> = labels.iter().chain(&headings).chain(&of_targets).cloned().collect();
    let row = |change: &&Change| {
        let both = [change.old, change.new].into_iter().flatten();
        let unit = both.map(|numbers| numbers.unit).next().unwrap_or_default();
        let side = |numbers: Option<Numbers>, none: String| match numbers {
            Some(numbers) => {
                numbers.value.map_or_else(|| "–".to_string(), |value| value_text(value, numbers.unit))
            }
            None => none,
        };
        let key = change.place.key.values().cloned().collect::<Vec<_>>().join(", ");
        let of = if key.is_empty() { say!("Total") } else { visible_in_line(&key) };
        let labels = std::iter::once(with_unit(&titled(&change.place.kpi), unit, currency))
            .chain(is_split.then_some(of));
        let cells = [
            side(change.old, say!("not there")),
            side(change.new, say!("gone")),
            change.difference().map(|difference| signed(difference, unit)).unwrap_or_default(),
            from_to(change, |numbers| numbers.numerator),
            from_to(change, |numbers| numbers.denominator),
        ];
        let of_targets = [target_from_to(change), status_from_to(change)].into_iter().filter(|_| is_judged);
        labels.chain(cells).chain(of_targets).collect()
    };
    let rows: Vec<Vec<String>> = changes.iter().map(row).collect();
    let first = labels.len();
    // the denominator stays beside its numerator
    let text =
        fitted(&headings, &rows, first, |place| place >= first, |place| place == first + 4, look.width);
    lines(text.lines().map(|line| look.line(line)))
}

/// `+2.78`, in points for shares.
fn signed(number: Exact, unit: Unit) -> String {
    let sign = if number.is_positive() { "+" } else { "" };
    // only what is not below 0 counts something
    let text = if unit == Unit::Count { number_text(number) } else { value_text(number, unit) };
    format!("{sign}{text}")
}

/// `26 → 27`, or `36` where it did not change; what a report without the value had is not known.
fn from_to(change: &Change, part: impl Fn(Numbers) -> Option<Exact>) -> String {
    let known = |numbers: Option<Numbers>| numbers.and_then(&part).map(number_text);
    match (known(change.old), known(change.new)) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (old, new) => new.or(old).unwrap_or_default(),
    }
}

/// Whether a change is one of the target or of whether it was met.
fn judged(change: &Change) -> bool {
    let of = |numbers: Option<Numbers>| numbers.map(|numbers| (numbers.target, numbers.status));
    change.old.is_some() && change.new.is_some() && of(change.old) != of(change.new)
}

/// `20.00 → 25.00`, in the unit of the value; empty where there is no target.
fn target_from_to(change: &Change) -> String {
    let target = |numbers: Option<Numbers>| {
        numbers.and_then(|numbers| Some(value_text(numbers.target?, numbers.unit)))
    };
    both(target(change.old), target(change.new))
}

/// `met → missed`.
fn status_from_to(change: &Change) -> String {
    let status = |numbers: Option<Numbers>| numbers.and_then(|numbers| Some(status_text(numbers.status?)));
    both(status(change.old), status(change.new))
}

/// One word for what is the same, two for what is not.
fn both(old: Option<String>, new: Option<String>) -> String {
    if old == new {
        return new.unwrap_or_default();
    }
    let word = |side: Option<String>| side.unwrap_or_else(|| say!("none"));
    format!("{} → {}", word(old), word(new))
}

/// Whole numbers as they are, others with two decimals.
fn number_text(number: Exact) -> String {
    number.to_text(if number.to_millionths() % 1_000_000 == 0 { 0 } else { 2 })
}

/// The rows behind each measure that changed.
fn rows_text(rows: &[RowChange], titled: impl Fn(&str) -> String, look: Look) -> String {
    let mut said = vec![look.title(&say!("ROWS BEHIND THE TOTALS"))];
    let below = |text: &str| hung(text, look.width, MARGIN, 2 * MARGIN);
    let is_of_one = |one: &RowChange, other: &RowChange| {
        (&one.basis, &one.measure, &one.table) == (&other.basis, &other.measure, &other.table)
    };
    for group in rows.chunk_by(is_of_one) {
        let Some(first) = group.first() else { continue };
        let count = |kind: &str| group.iter().filter(|row| row.kind() == kind).count();
        let counts = measure_text(first, [count("added"), count("removed"), count("changed")]);
        let counts = match count("moved") {
            0 => counts,
            moved => say!("{counts}, {count} moved", counts = counts, count = moved),
        };
        said.push(wrapped(&counts, look.width, "  "));
        let kpis: Vec<String> = first.kpis.iter().map(|key| titled(key)).collect();
        said.push(below(&say!("in {kpis}", kpis = kpis.join("; "))));
        said.extend(group.iter().take(NAMED).map(|row| below(&row_text(row))));
        if group.len() > NAMED {
            let more = say!("… and {count} more, all with `--rows`", count = group.len() - NAMED);
            said.push(below(&more));
        }
    }
    lines(said.into_iter())
}

/// How many rows of a measure came, went and changed.
fn measure_text(of: &RowChange, [added, removed, changed]: [usize; 3]) -> String {
    if of.basis == Basis::Cohort.name() {
        say!(
            "{measure} by {table} (cohort basis): {added} added, {removed} removed, {changed} changed",
            measure = of.measure,
            table = of.table,
            added = added,
            removed = removed,
            changed = changed
        )
    } else {
        say!(
            "{measure} by {table} (event basis): {added} added, {removed} removed, {changed} changed",
            measure = of.measure,
            table = of.table,
            added = added,
            removed = removed,
            changed = changed
        )
    }
}

/// What became of a row, as wide as the widest of such words.
fn kind_text(kind: &str) -> String {
    let all = [
        ("added", say!("added")),
        ("removed", say!("removed")),
        ("changed", say!("changed")),
        ("moved", say!("moved")),
    ];
    let width = all.iter().map(|(_, word)| word.chars().count()).max().unwrap_or(0);
    let word = all.into_iter().find(|(known, _)| *known == kind).map(|(_, word)| word).unwrap_or_default();
    format!("{word:<width$}")
}

/// `added L049 (leads.csv:50): 1`, `moved L050 (leads.csv:51 and 2 more rows): channel ads → webinar`.
fn row_text(row: &RowChange) -> String {
    let amount = |located: &Located| {
        let day = row.measure.ends_with("_since").then(|| day_of(located.amount)).flatten();
        day.unwrap_or_else(|| number_text(located.amount))
    };
    let place = row.new.as_ref().or(row.old.as_ref()).map(place_text).unwrap_or_default();
    let moves: Vec<String> =
        row.moves().iter().map(|(name, was, is)| visible_in_line(&format!("{name} {was} → {is}"))).collect();
    let amounts = match (&row.old, &row.new) {
        (Some(old), Some(new)) if has_other_rows(old, new) => say!(
            "{old} → {new}, of {rows_before} → {rows_after} rows",
            old = number_text(old.amount),
            new = number_text(new.amount),
            rows_before = old.count,
            rows_after = new.count
        ),
        (Some(old), Some(new)) if old.amount == new.amount => String::new(),
        (Some(old), Some(new)) => format!("{} → {}", amount(old), amount(new)),
        (old, new) => new.as_ref().or(old.as_ref()).map(amount).unwrap_or_default(),
    };
    let parts: Vec<String> = [amounts].into_iter().filter(|text| !text.is_empty()).chain(moves).collect();
    format!("{}  {} ({place}): {}", kind_text(row.kind()), visible_in_line(&row.id), parts.join(", "))
}

/// 20260131 as a day.
fn day_of(number: Exact) -> Option<String> {
    let digits = number.as_count()?.to_string();
    let day = (digits.len() == 8).then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))?;
    Some(lang::day_or_period(&day))
}

/// Where the first row of an ID stands, and how many more it has.
fn place_text(located: &Located) -> String {
    let place = format!("{}:{}", located.file, located.line);
    match located.count.saturating_sub(1) {
        0 => place,
        more => say!("{place} and {count} more {count:row|rows}", place = place, count = more),
    }
}

/// The changes as CSV, a row a value.
///
/// # Errors
/// None that a change can cause.
pub fn csv(changes: &Changes, text: CsvText) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let dimensions = dimensions(changes.changed.iter());
    let fixed = ["table", "period", "basis"].map(String::from).into_iter();
    let behind = [
        "kpi",
        "unit",
        "what",
        "old_value",
        "new_value",
        "change",
        "old_numerator",
        "new_numerator",
        "old_denominator",
        "new_denominator",
        "old_target",
        "new_target",
        "old_status",
        "new_status",
    ];
    writer.write_record(fixed.chain(dimensions.iter().cloned()).chain(behind.map(String::from)))?;
    for change in &changes.changed {
        let place = &change.place;
        let mut cells = vec![place.table.clone(), place.period.clone(), place.basis.clone()];
        cells.extend(dimensions.iter().map(|name| text.write(&key_cell(change, name)).into_owned()));
        let unit = change.new.or(change.old).map(|numbers| numbers.unit).unwrap_or_default();
        let plain = |number: Option<Exact>| number.map(Exact::to_plain).unwrap_or_default();
        let of = |numbers: Option<Numbers>, part: fn(Numbers) -> Option<Exact>| plain(numbers.and_then(part));
        let status = |numbers: Option<Numbers>| {
            numbers.and_then(|numbers| numbers.status).map_or("", Status::name).to_string()
        };
        cells.extend([place.kpi.clone(), unit.name().to_string(), change.kind().to_string()]);
        cells.extend([
            of(change.old, |numbers| numbers.value),
            of(change.new, |numbers| numbers.value),
            plain(change.difference()),
            of(change.old, |numbers| numbers.numerator),
            of(change.new, |numbers| numbers.numerator),
            of(change.old, |numbers| numbers.denominator),
            of(change.new, |numbers| numbers.denominator),
            of(change.old, |numbers| numbers.target),
            of(change.new, |numbers| numbers.target),
            status(change.old),
            status(change.new),
        ]);
        writer.write_record(cells)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// The rows that changed as CSV, a row an ID in a measure.
///
/// # Errors
/// None that a row can cause.
pub fn rows(rows: &[RowChange], text: CsvText) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "basis", "measure", "table", "id", "what", "old", "new", "old_file", "old_line", "new_file",
        "new_line", "old_rows", "new_rows", "moved",
    ])?;
    for row in rows {
        let amount = |side: &Option<Located>| {
            side.as_ref().map(|located| located.amount.to_plain()).unwrap_or_default()
        };
        let file =
            |side: &Option<Located>| side.as_ref().map(|located| located.file.clone()).unwrap_or_default();
        let line = |side: &Option<Located>| {
            side.as_ref().map(|located| located.line.to_string()).unwrap_or_default()
        };
        let count = |side: &Option<Located>| {
            side.as_ref().map(|located| located.count.to_string()).unwrap_or_default()
        };
        let moves: Vec<String> =
            row.moves().iter().map(|(name, was, is)| format!("{name}: {was} → {is}")).collect();
        writer.write_record([
            row.basis.clone(),
            row.measure.clone(),
            row.table.clone(),
            text.write(&row.id).into_owned(),
            row.kind().to_string(),
            amount(&row.old),
            amount(&row.new),
            file(&row.old),
            line(&row.old),
            file(&row.new),
            line(&row.new),
            count(&row.old),
            count(&row.new),
            text.write(&moves.join("; ")).into_owned(),
        ])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Every dimension that splits some value.
fn dimensions<'a>(changes: impl Iterator<Item = &'a Change>) -> BTreeSet<String> {
    changes.flat_map(|change| change.place.key.keys().cloned()).collect()
}

fn key_cell(change: &Change, name: &str) -> String {
    change.place.key.get(name).cloned().unwrap_or_else(|| TOTAL.to_string())
}
