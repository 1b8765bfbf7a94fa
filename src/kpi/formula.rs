//! Formulas of KPIs: exact arithmetic on measures, written like SQL.

use std::collections::BTreeSet;

use anyhow::Result;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
};

use super::exact::Exact;
use super::sql::parse_expression;
use crate::error::data_error;

const ALLOWED: &str = "a formula has measures, numbers, + - * /, least(a, b), greatest(a, b), total(measure) and mean(measure of days)";

/// Arithmetic on measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Formula {
    Number(Exact),
    /// The measure in the row at hand.
    Measure(String),
    /// The measure over all rows of the table.
    Total(String),
    /// The mean of a measure of days in the row at hand.
    Mean(String),
    Operation(Box<Formula>, Operator, Box<Formula>),
}

/// What the names in a formula stand for; none where a measure has no value.
pub struct Values<'a> {
    /// A measure in the row at hand.
    pub row: &'a dyn Fn(&str) -> Option<Exact>,
    /// A measure over all rows of the table.
    pub total: &'a dyn Fn(&str) -> Option<Exact>,
    /// The mean of a measure of days in the row at hand.
    pub mean: &'a dyn Fn(&str) -> Option<Exact>,
}

/// The four operations, and the choice between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    Least,
    Greatest,
}

/// Parses a formula.
///
/// # Errors
/// Text that is no formula.
pub fn parse(text: &str) -> Result<Formula> {
    let parsed = parse_expression(text).ok().and_then(|expression| build(&expression));
    parsed.ok_or_else(|| data_error(format!("`{text}` is not a formula"), ALLOWED))
}

impl Formula {
    /// The measures that it needs.
    pub fn measures(&self) -> BTreeSet<&str> {
        match self {
            Formula::Number(_) => BTreeSet::new(),
            Formula::Measure(name) | Formula::Total(name) | Formula::Mean(name) => {
                BTreeSet::from([name.as_str()])
            }
            Formula::Operation(left, _, right) => {
                left.measures().into_iter().chain(right.measures()).collect()
            }
        }
    }

    /// Its value; none where a measure has none, a divisor is 0, or a number leaves the range of 38 digits.
    pub fn evaluate(&self, values: &Values) -> Option<Exact> {
        match self {
            Formula::Number(number) => Some(*number),
            Formula::Measure(name) => (values.row)(name),
            Formula::Total(name) => (values.total)(name),
            Formula::Mean(name) => (values.mean)(name),
            Formula::Operation(left, operator, right) => {
                let (left, right) = (left.evaluate(values)?, right.evaluate(values)?);
                match operator {
                    Operator::Plus => left.plus(right),
                    Operator::Minus => left.minus(right),
                    Operator::Times => left.times(right),
                    Operator::Over => left.over(right),
                    Operator::Least | Operator::Greatest => {
                        let is_left_greater = left.minus(right)?.is_positive();
                        Some(if is_left_greater == (*operator == Operator::Greatest) { left } else { right })
                    }
                }
            }
        }
    }
}

fn build(expr: &Expr) -> Option<Formula> {
    Some(match expr {
        Expr::Identifier(name) => Formula::Measure(name.value.clone()),
        Expr::Value(Value::Number(number, _)) => Formula::Number(number_of(number)?),
        Expr::Nested(inner) => build(inner)?,
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Formula::Operation(
            Box::new(Formula::Number(Exact::ZERO)),
            Operator::Minus,
            Box::new(build(expr)?),
        ),
        Expr::BinaryOp { left, op, right } => {
            let operator = match op {
                BinaryOperator::Plus => Operator::Plus,
                BinaryOperator::Minus => Operator::Minus,
                BinaryOperator::Multiply => Operator::Times,
                BinaryOperator::Divide => Operator::Over,
                _ => return None,
            };
            Formula::Operation(Box::new(build(left)?), operator, Box::new(build(right)?))
        }
        Expr::Function(function) => of_function(function)?,
        _ => return None,
    })
}

/// `total(measure)`, `mean(measure of days)`, `least(a, b)` or `greatest(a, b)`.
fn of_function(function: &Function) -> Option<Formula> {
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    let arguments: Option<Vec<&Expr>> = list
        .args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    let (name, arguments) = (function.name.to_string().to_lowercase(), arguments?);
    let (left, operator, right) = match (name.as_str(), arguments.as_slice()) {
        ("total", [Expr::Identifier(name)]) => return Some(Formula::Total(name.value.clone())),
        ("mean", [Expr::Identifier(name)]) => return Some(Formula::Mean(name.value.clone())),
        ("least", [left, right]) => (left, Operator::Least, right),
        ("greatest", [left, right]) => (left, Operator::Greatest, right),
        _ => return None,
    };
    Some(Formula::Operation(Box::new(build(left)?), operator, Box::new(build(right)?)))
}

fn number_of(text: &str) -> Option<Exact> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Exact::from_digits(whole, fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        let row = |name: &str| match name {
            "spend" => Some(Exact::whole(90)),
            "wins" => Some(Exact::whole(4)),
            "nothing" => Some(Exact::ZERO),
            _ => None,
        };
        let values =
            Values { row: &row, total: &|_| Some(Exact::whole(360)), mean: &|_| Some(Exact::whole(4)) };
        parse(text).unwrap().evaluate(&values).map(Exact::to_plain)
    }

    #[test]
    fn formulas_are_exact() {
        assert_eq!(value("spend / wins").as_deref(), Some("22.5"));
        assert_eq!(value("(spend * 0.1 - -1) / 3 * 3").as_deref(), Some("10"));
        assert_eq!(value("spend / total(spend)").as_deref(), Some("0.25"));
        assert_eq!(value("spend / mean(cycle)").as_deref(), Some("22.5"));
        assert_eq!(value("least(spend, wins) + greatest(wins, wins - 1)").as_deref(), Some("8"));
    }

    #[test]
    fn an_empty_divisor_or_an_absent_measure_gives_no_value() {
        assert_eq!(value("spend / nothing"), None);
        assert_eq!(value("spend + absent"), None);
    }

    #[test]
    fn other_functions_are_no_formulas() {
        for text in ["avg(spend)", "spend > 1", "total(1)", "spend wins"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
