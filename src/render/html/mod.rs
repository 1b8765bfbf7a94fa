//! The report as one page for people: opened from a mail, on a phone, in the dark, or printed.
//!
//! The page holds all that it needs and asks nothing of any server; its policy forbids the browser to. What it shows are
//! values of the report: `find` looks them up, `headline` and `charts` draw them, `tables` writes all of them down, with
//! the raw number beside each, so that a figure in the page can be held against that of the JSON. `page` puts it together.

mod charts;
mod common;
mod find;
mod headline;
mod markup;
mod page;
mod sides;
mod standout;
mod tables;

pub use self::page::render;
