//! Files that nobody exports on purpose: an error or a right answer, never a panic.

use super::{Kind, report, temporary, text, utf16le, write};
use crate::support::{parse, shown};

const MEGABYTE: usize = 1 << 20;
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16LE_MARK: &[u8] = b"\xff\xfe";
const UTF16BE_MARK: &[u8] = b"\xfe\xff";
const LEADS: &str = "lead_id,lead_at,won_at,channel\nL1,2026-01-13,,ads\nL2,2026-01-14,,print\n";

/// Reads such a file: the number of leads, or what the error says.
fn leads(bytes: &[u8]) -> Result<String, String> {
    let folder = temporary();
    write(folder.path(), "leads.csv", bytes);
    let output = report(folder.path(), "leads.csv", Kind::Crm, &["conversion"]);
    let said = text(&output.stderr);
    let beginning: String = said.chars().take(500).collect();
    assert!(!said.contains("panicked"), "{beginning}");
    match output.status.code() {
        Some(0) => Ok(shown(&parse(&text(&output.stdout)), "conversion", "", "leads")),
        Some(1) => {
            assert!(output.stdout.is_empty() && said.contains("hint:"), "{beginning}");
            assert!(said.len() < 100_000, "{} bytes are no help: {beginning}", said.len());
            Err(beginning)
        }
        other => panic!("ends with {other:?}: {beginning}"),
    }
}

#[test]
fn a_file_without_anything_in_it_is_an_error() {
    for bytes in [b"".as_slice(), UTF8_MARK, UTF16LE_MARK, UTF16BE_MARK, b"\n", b"\r", b"\r\n\r\n", b"\0"] {
        assert!(leads(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn only_a_header_is_an_error() {
    let header = "lead_id,lead_at,won_at";
    for end in ["", "\n", "\r", "\r\n,,\r\n"] {
        let text = format!("{header}{end}");
        assert!(leads(text.as_bytes()).is_err(), "{text:?}");
        assert!(leads(&[UTF16LE_MARK, &utf16le(&text)].concat()).is_err(), "{text:?} in UTF-16");
    }
}

/// One word of 50 MB, a million cells, and the word behind a good header.
#[test]
fn a_line_without_end_is_an_error() {
    let word = vec![b'x'; 50 * MEGABYTE];
    let cells = [b"lead_id,lead_at,won_at".as_slice(), &b",x".repeat(MEGABYTE)].concat();
    let row = [b"lead_id,lead_at,won_at\n".as_slice(), &word].concat();
    for bytes in [word, cells, row] {
        assert!(leads(&bytes).is_err());
    }
}

#[test]
fn ten_thousand_columns_are_read() {
    let line = |cell: &str| (0..10_000).map(|number| format!(",{cell}{number}")).collect::<Vec<_>>().concat();
    let text = format!(
        "lead_id,lead_at,won_at{}\nL1,2026-01-13,{}\nL2,2026-01-14,{}\nL3,2026-01-15,{}\n",
        line("header"),
        line("a"),
        line("b"),
        line("")
    );
    assert_eq!(leads(text.as_bytes()), Ok("3".to_string()));
}

/// 300 KB that would take 10 GB if every row were made as long as the header.
#[test]
fn a_header_of_many_nameless_columns_is_read() {
    let rows = (0..10_000).map(|number| format!("L{number},2026-01-13,\n")).collect::<Vec<_>>().concat();
    let text = format!("lead_id,lead_at,won_at{}\n{rows}", ",".repeat(100_000));
    assert_eq!(leads(text.as_bytes()), Ok("10000".to_string()));
}

#[test]
fn a_million_lines_of_one_cell_are_an_error() {
    let text = format!("{LEADS}{}", "word\n".repeat(MEGABYTE));
    assert!(leads(text.as_bytes()).is_err_and(|said| said.contains("leads.csv:4:")));
}

/// 20 MB show the same as 100 MB would, in a fifth of the time.
#[test]
fn a_cell_of_many_megabytes_is_read() {
    let cell = "a, \"\"b\"\"\n".repeat(20 * MEGABYTE / 9);
    let text = format!("lead_id,lead_at,won_at,note\nL1,2026-01-13,,\"{cell}\"\nL2,2026-01-14,,short\n");
    assert_eq!(leads(text.as_bytes()), Ok("2".to_string()));
    // without its closing quote it takes the rest of the file
    let open = format!("lead_id,lead_at,won_at,note\nL1,2026-01-13,,\"{}", &cell[..MEGABYTE / 9 * 9]);
    assert!(leads(open.as_bytes()).is_err());
}

#[test]
fn a_nul_byte_is_an_error_or_a_letter_like_any_other() {
    for text in [
        LEADS.replace("ads", "a\0ds"),
        LEADS.replace("L1", "L\u{0}1"),
        LEADS.replace("L1", "\0"),
        LEADS.replace("lead_at", "lead\0_at"),
        LEADS.replace("print", "print\0\0\0\0"),
    ] {
        let found = leads(text.as_bytes());
        assert!(found.is_err() || found == Ok("2".to_string()), "{text:?}: {found:?}");
    }
}

#[test]
fn broken_utf8_is_an_error() {
    // read as windows-1251, these words are Cyrillic letters too, only wrong ones
    let row = |number: usize| format!("L{number},2026-01-13,,реклама\n");
    for many in [2, 20_000] {
        let rows = |from: usize| (from..from + many).map(row).collect::<Vec<_>>().concat();
        let (before, behind) = (rows(1), rows(many + 1));
        for bad in [b"\xff\xfe".as_slice(), b"\xc3\x28", b"\xe2\x82", b"\xed\xa0\x80", b"\x98", b"\xd0"] {
            let bytes = [
                b"lead_id,lead_at,won_at,channel\n",
                before.as_bytes(),
                b"L0,2026-01-13,,pri",
                bad,
                b"nt\n",
                behind.as_bytes(),
            ];
            assert!(leads(&bytes.concat()).is_err(), "{bad:?} among {many} rows");
        }
    }
}

#[test]
fn an_encoding_that_is_named_or_marked_is_not_replaced_by_another() {
    // Cyrillic letters in windows-1251
    let rows = [LEADS.as_bytes(), b"L3,2026-01-15,,\xf0\xe5\xea\xeb\xe0\xec\xe0\n"].concat();
    assert_eq!(leads(&rows), Ok("3".to_string()));
    assert!(leads(&[UTF8_MARK, &rows].concat()).is_err());
    let folder = temporary();
    write(folder.path(), "leads.csv", &rows);
    write(folder.path(), "funnel.toml", "[[crm]]\nfiles = [\"leads.csv\"]\nencoding = \"utf-8\"\n");
    let output = report(folder.path(), "funnel.toml", Kind::Crm, &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("leads.csv:4:") && said.contains("hint:"), "{said}");
}

/// Two bytes are too few to tell an encoding from; if one is supported, no row may get lost.
#[test]
fn single_bytes_beyond_ascii_are_an_error_or_letters() {
    for bad in [b"\xff\xfe".as_slice(), b"\xfc", b"\x98", b"\x80"] {
        let middle = LEADS.find("print").expect("the text has this word");
        let bytes = [&LEADS.as_bytes()[..middle], bad, &LEADS.as_bytes()[middle..]].concat();
        let found = leads(&bytes);
        assert!(found.is_err() || found == Ok("2".to_string()), "{bad:?}: {found:?}");
    }
}

#[test]
fn utf16_without_a_mark_is_an_error_or_a_right_answer() {
    let big_endian: Vec<u8> = LEADS.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [utf16le(LEADS), big_endian] {
        let found = leads(&bytes);
        assert!(found.is_err() || found == Ok("2".to_string()), "{found:?}");
    }
}

#[test]
fn a_header_that_ends_another_way_than_the_rows_costs_no_row() {
    let (header, rows) = LEADS.split_once('\n').expect("a header");
    for end in ["\r", "\r\n"] {
        assert_eq!(leads(format!("{header}{end}{rows}").as_bytes()), Ok("2".to_string()), "{end:?}");
        let title = format!("Leads of January\r{header}{end}{rows}");
        assert_eq!(leads(title.as_bytes()), Ok("2".to_string()), "{end:?} below a title");
    }
}

#[test]
fn lone_carriage_returns_are_line_ends_in_utf16_too() {
    let text = LEADS.replace('\n', "\r");
    let big_endian: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [[UTF16LE_MARK, &utf16le(&text)].concat(), [UTF16BE_MARK, &big_endian].concat()] {
        assert_eq!(leads(&bytes), Ok("2".to_string()));
    }
}

#[test]
fn utf16_that_is_cut_or_broken_is_an_error() {
    let whole = [UTF16LE_MARK, &utf16le(LEADS)].concat();
    assert_eq!(leads(&whole), Ok("2".to_string()));
    // an odd number of bytes; half a pair of surrogates at the end, and in the middle
    assert!(leads(&whole[..whole.len() - 1]).is_err());
    assert!(leads(&[&whole[..], b"\x3d\xd8"].concat()).is_err());
    let lone = [
        UTF16LE_MARK,
        &utf16le("lead_id,lead_at,won_at,channel\nL1,2026-01-13,,a"),
        b"\x3d\xd8",
        &utf16le("b\n"),
    ];
    assert!(leads(&lone.concat()).is_err());
}
