//! The funnel as a picture where the periods stand beside each other or the numbers are split: that of the last whole
//! period, or of the total, held against a report of that alone.

use crate::page::{Piece, pieces};
use crate::support::{project, stdout, tidy};

/// Title and words of the picture of the funnel.
fn picture(arguments: &[&str]) -> (String, String) {
    let common = ["report", "funnel", "conversion", "--config", "examples/saas/funnel.toml", "--quiet"];
    let page = stdout(&project(), &[&common, arguments, &["--format", "html"]].concat());
    let pieces = pieces(&page);
    let text_of = |wanted: &str| {
        let is_wanted = |piece: &Piece| matches!(piece, Piece::Open { name, .. } if name == wanted);
        let texts = pieces.windows(2).filter(|pair| is_wanted(&pair[0])).filter_map(|pair| match &pair[1] {
            Piece::Text(text) => Some(text.clone()),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    let words = text_of("desc").into_iter().find(|text| text.contains("Impressions")).expect("a picture");
    let title = text_of("h3").into_iter().find(|text| text.starts_with("From stage")).expect("its title");
    (title, words)
}

/// The same words of a report of one period without a split.
fn expected(arguments: &[&str]) -> Vec<String> {
    let folder = project().join("examples/saas");
    let rows = tidy(&folder, &[&["funnel", "conversion"], arguments].concat());
    let value = |kpi: &str| -> f64 {
        let row = rows.iter().find(|row| row["kpi"] == kpi).unwrap_or_else(|| panic!("no {kpi}"));
        row["value"].parse().expect("a number")
    };
    let steps = [
        ("mqls", "lead_to_mql", "lead_to_mql"),
        ("sqls", "mql_to_sql", "lead_to_sql"),
        ("opportunities", "sql_to_opportunity", "lead_to_opportunity"),
        ("wins", "opportunity_to_won", "lead_to_won"),
    ];
    let words = steps.map(|(count, step, overall)| {
        format!("{} · {:.2} % · {:.2} %", value(count), value(step) * 100.0, value(overall) * 100.0)
    });
    words.to_vec()
}

#[test]
fn the_picture_is_that_of_the_last_whole_period_or_of_the_total() {
    // leads were created up to March 2026; the data end on 28 June
    for (arguments, alone, title) in [
        (&["--every", "month"][..], &["--month", "2026-03"][..], "From stage to stage, 2026-03"),
        (&["--every", "quarter"][..], &["--quarter", "2026-Q1"][..], "From stage to stage, 2026-Q1"),
        // one month that is not over is better than no picture
        (
            &["--every", "month", "--from", "2026-03-01", "--to", "2026-04-01", "--as-of", "2026-03-20"][..],
            &["--month", "2026-03", "--as-of", "2026-03-20"][..],
            "From stage to stage, 2026-03",
        ),
        (&["--by", "channel"][..], &[][..], "From stage to stage, in total"),
        (
            &["--every", "quarter", "--by", "channel"][..],
            &["--quarter", "2026-Q1"][..],
            "From stage to stage, 2026-Q1",
        ),
        (&[][..], &[][..], "From stage to stage"),
    ] {
        let (found, words) = picture(arguments);
        assert_eq!(found, title);
        for expected in expected(alone) {
            assert!(words.contains(&expected), "{arguments:?}: no `{expected}` in {words}");
        }
    }
}
