//! From joined data to values: the catalogue of KPIs as data, one evaluator, exact arithmetic, statistics.

pub mod beside;
pub mod catalogue;
mod contacts;
mod cost_lag;
mod customers;
pub mod definitions;
pub mod derived;
pub mod evaluate;
pub mod exact;
pub mod formula;
pub mod group;
mod lacking;
mod lags;
pub mod listing;
pub mod maturity;
pub mod realised;
pub mod roles;
mod rows;
mod spend;
pub mod sql;
pub mod statistics;
pub mod survival;
pub mod templates;
pub mod view;
mod written;
