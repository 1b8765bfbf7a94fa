//! Predicates in portable SQL: parsed, kept to the portable core, and handed to polars as expressions.
//!
//! Numbers are stored as whole millionths, so the literals that they are compared with are scaled here; dates are
//! compared with dates, so text beside a date column becomes one.

use std::collections::BTreeSet;

use anyhow::Result;
use polars::prelude::Expr as PolarsExpr;
use polars::sql::sql_expr;
use sqlparser::ast::{BinaryOperator, DataType, Expr, UnaryOperator, Value};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use crate::error::data_error;
use crate::input::cell::{parse_date, parse_decimal};
use crate::mask::Mask;

const PORTABLE: &str = "portable are comparisons, and, or, not, is null, in, between, case, + - * and literals, over columns of the table";

/// A predicate, and the columns it looks at.
#[derive(Debug, Clone)]
pub struct Predicate {
    expr: Expr,
    pub columns: BTreeSet<String>,
    text: String,
}

impl Predicate {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The rows for which it holds, where it is nothing but `and`, `or` and `not` of what is true or false and never
    /// null: then sets of bits answer it at once. `flag` knows the columns of that kind, `known` says where any other
    /// column has a value.
    pub fn by_flags(&self, height: usize, flag: Ask, known: Ask) -> Option<Mask> {
        by_flags(&self.expr, height, flag, known)
    }
}

/// Asks for the rows for which something is true of a column.
type Ask<'a> = &'a dyn Fn(&str) -> Option<Mask>;

fn by_flags(expr: &Expr, height: usize, flag: Ask, known: Ask) -> Option<Mask> {
    let of_part = |part: &Expr| by_flags(part, height, flag, known);
    let has_value = |part: &Expr| match part {
        Expr::Identifier(name) => known(&name.value),
        _ => None,
    };
    match expr {
        Expr::Identifier(name) => flag(&name.value),
        Expr::IsNotNull(column) => has_value(column),
        Expr::IsNull(column) => has_value(column).map(|mask| mask.not()),
        Expr::Value(Value::Boolean(holds)) => {
            Some(if *holds { Mask::all(height) } else { Mask::none(height) })
        }
        Expr::Nested(inner) => of_part(inner),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => of_part(expr).map(|mask| mask.not()),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => Some(of_part(left)?.and(&of_part(right)?)),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => Some(of_part(left)?.or(&of_part(right)?)),
        _ => None,
    }
}

/// What a column holds, as far as a predicate must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnClass {
    Number,
    Date,
    Other,
}

/// Parses a predicate or an expression.
///
/// # Errors
/// Text that is no SQL expression, or one outside the portable core.
pub fn parse(text: &str) -> Result<Predicate> {
    let expr = parse_expression(text)?;
    let mut columns = BTreeSet::new();
    check(&expr, text, &mut columns)?;
    Ok(Predicate { expr, columns, text: text.to_string() })
}

/// Whether a word can stand for a column, rather than for something in SQL itself.
pub fn is_column_name(word: &str) -> bool {
    matches!(parse_expression(word), Ok(Expr::Identifier(name)) if name.value == word)
}

/// The syntax tree of an SQL expression that is the whole of the text.
///
/// # Errors
/// Text that is no SQL expression.
pub fn parse_expression(text: &str) -> Result<Expr> {
    let broken = |reason: String| {
        let reason = reason.trim_start_matches("sql parser error: ").to_string();
        data_error(format!("`{text}` is not an SQL expression: {reason}"), PORTABLE)
    };
    let mut parser =
        Parser::new(&GenericDialect {}).try_with_sql(text).map_err(|error| broken(error.to_string()))?;
    let expr = parser.parse_expr().map_err(|error| broken(error.to_string()))?;
    match parser.peek_token().token {
        sqlparser::tokenizer::Token::EOF => Ok(expr),
        token => Err(broken(format!("`{token}` is left over"))),
    }
}

/// The predicate as a polars expression; `class` says what each column holds.
///
/// # Errors
/// Arithmetic that would mix up millionths, or a number that is compared with text.
pub fn to_polars(predicate: &Predicate, class: &dyn Fn(&str) -> ColumnClass) -> Result<PolarsExpr> {
    let scaled = Scaling { class, text: &predicate.text }.boolean(&predicate.expr)?;
    sql_expr(scaled.to_string())
        .map_err(|error| data_error(format!("`{}`: {error}", predicate.text), PORTABLE))
}

fn check(expr: &Expr, text: &str, columns: &mut BTreeSet<String>) -> Result<()> {
    match expr {
        Expr::Identifier(name) => {
            columns.insert(name.value.clone());
            Ok(())
        }
        Expr::Value(_) | Expr::TypedString { data_type: DataType::Date, .. } => Ok(()),
        Expr::Nested(inner)
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::Minus, expr: inner } => {
            check(inner, text, columns)
        }
        Expr::BinaryOp { left, op, right } if is_portable(op) => {
            check(left, text, columns)?;
            check(right, text, columns)
        }
        Expr::InList { expr, list, .. } => {
            check(expr, text, columns)?;
            list.iter().try_for_each(|item| check(item, text, columns))
        }
        Expr::Between { expr, low, high, .. } => {
            [expr, low, high].into_iter().try_for_each(|part| check(part, text, columns))
        }
        Expr::Case { operand: None, conditions, results, else_result } => {
            let parts = conditions.iter().chain(results).chain(else_result.as_deref());
            parts.into_iter().try_for_each(|part| check(part, text, columns))
        }
        other => Err(data_error(format!("`{text}`: `{other}` is not portable SQL"), PORTABLE)),
    }
}

fn is_portable(op: &BinaryOperator) -> bool {
    use BinaryOperator::{And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Multiply, NotEq, Or, Plus};
    matches!(op, And | Or | Eq | NotEq | Lt | LtEq | Gt | GtEq | Plus | Minus | Multiply | Divide)
}

/// Rewrites literals so that they mean the same beside millionths and dates.
struct Scaling<'a> {
    class: &'a dyn Fn(&str) -> ColumnClass,
    text: &'a str,
}

impl Scaling<'_> {
    /// An expression whose parts are compared among each other.
    fn boolean(&self, expr: &Expr) -> Result<Expr> {
        Ok(match expr {
            Expr::BinaryOp { left, op, right } if !matches!(op, BinaryOperator::And | BinaryOperator::Or) => {
                let class = self.common_class(&[left, right])?;
                self.binary(left, op, right, class)?
            }
            Expr::BinaryOp { left, op, right } => Expr::BinaryOp {
                left: Box::new(self.boolean(left)?),
                op: op.clone(),
                right: Box::new(self.boolean(right)?),
            },
            Expr::InList { expr, list, negated } => {
                let class = self.common_class(&std::iter::once(&**expr).chain(list).collect::<Vec<_>>())?;
                Expr::InList {
                    expr: Box::new(self.value(expr, class)?),
                    list: list.iter().map(|item| self.value(item, class)).collect::<Result<_>>()?,
                    negated: *negated,
                }
            }
            Expr::Between { expr, negated, low, high } => {
                let class = self.common_class(&[expr, low, high])?;
                Expr::Between {
                    expr: Box::new(self.value(expr, class)?),
                    negated: *negated,
                    low: Box::new(self.value(low, class)?),
                    high: Box::new(self.value(high, class)?),
                }
            }
            Expr::Nested(inner) => Expr::Nested(Box::new(self.boolean(inner)?)),
            Expr::UnaryOp { op, expr } => Expr::UnaryOp { op: *op, expr: Box::new(self.boolean(expr)?) },
            Expr::Case { operand, conditions, results, else_result } => {
                let class =
                    self.common_class(&results.iter().chain(else_result.as_deref()).collect::<Vec<_>>())?;
                Expr::Case {
                    operand: operand.clone(),
                    conditions: conditions.iter().map(|part| self.boolean(part)).collect::<Result<_>>()?,
                    results: results.iter().map(|part| self.value(part, class)).collect::<Result<_>>()?,
                    else_result: match else_result {
                        Some(part) => Some(Box::new(self.value(part, class)?)),
                        None => None,
                    },
                }
            }
            other => other.clone(),
        })
    }

    fn binary(&self, left: &Expr, op: &BinaryOperator, right: &Expr, class: ColumnClass) -> Result<Expr> {
        use BinaryOperator::{Divide, Multiply};
        let (left, right) = match (class, op) {
            (ColumnClass::Number, Divide) => return Err(self.inexact()),
            (ColumnClass::Number, Multiply) => match (is_whole_number(left), is_whole_number(right)) {
                (false, true) => (self.value(left, class)?, right.clone()),
                (true, false) => (left.clone(), self.value(right, class)?),
                _ => return Err(self.inexact()),
            },
            _ => (self.value(left, class)?, self.value(right, class)?),
        };
        Ok(Expr::BinaryOp { left: Box::new(left), op: op.clone(), right: Box::new(right) })
    }

    /// A part of a comparison in which the other parts are of this class.
    fn value(&self, expr: &Expr, class: ColumnClass) -> Result<Expr> {
        Ok(match (expr, class) {
            (Expr::Value(Value::Number(number, _)), ColumnClass::Number) => {
                let millionths = parse_decimal(number).ok_or_else(|| self.inexact())?;
                Expr::Value(Value::Number(millionths.to_string(), false))
            }
            (Expr::Value(Value::SingleQuotedString(text)), ColumnClass::Date) => {
                if parse_date(text.as_bytes()).is_none() || text.len() != 10 {
                    return Err(data_error(
                        format!("`{}`: `{text}` is not a date", self.text),
                        "dates are written '2026-02-28'",
                    ));
                }
                Expr::TypedString { data_type: DataType::Date, value: text.clone() }
            }
            (Expr::Nested(inner), _) => Expr::Nested(Box::new(self.value(inner, class)?)),
            (Expr::UnaryOp { op: UnaryOperator::Minus, expr }, _) => {
                Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(self.value(expr, class)?) }
            }
            (Expr::BinaryOp { left, op, right }, ColumnClass::Number) => {
                self.binary(left, op, right, class)?
            }
            (other, _) => self.boolean(other)?,
        })
    }

    /// What the columns among these expressions hold.
    fn common_class(&self, parts: &[&Expr]) -> Result<ColumnClass> {
        let mut found = ColumnClass::Other;
        for part in parts {
            let class = match part {
                Expr::Identifier(name) => (self.class)(&name.value),
                Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
                    self.common_class(&[inner])?
                }
                Expr::BinaryOp {
                    left,
                    op:
                        BinaryOperator::Plus
                        | BinaryOperator::Minus
                        | BinaryOperator::Multiply
                        | BinaryOperator::Divide,
                    right,
                } => self.common_class(&[left, right])?,
                _ => ColumnClass::Other,
            };
            match (found, class) {
                (_, ColumnClass::Other) => {}
                (ColumnClass::Other, class) => found = class,
                (found, class) if found != class => {
                    return Err(data_error(
                        format!("`{}`: a date cannot be compared with a number", self.text),
                        "count days between dates with a measure of `days = [\"from\", \"to\"]`",
                    ));
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn inexact(&self) -> anyhow::Error {
        data_error(
            format!("`{}`: this product or quotient of numbers is not exact row by row", self.text),
            "multiply and divide sums instead, in the formula of a KPI; a row can be multiplied by a whole number",
        )
    }
}

fn is_whole_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(Value::Number(number, _)) if number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(column: &str) -> ColumnClass {
        match column {
            "amount" => ColumnClass::Number,
            "won_at" => ColumnClass::Date,
            _ => ColumnClass::Other,
        }
    }

    fn rewritten(text: &str) -> String {
        let predicate = parse(text).unwrap();
        Scaling { class: &class, text }.boolean(&predicate.expr).unwrap().to_string()
    }

    #[test]
    fn literals_beside_numbers_are_millionths_and_beside_dates_are_dates() {
        assert_eq!(rewritten("amount > 1000.5 and not won"), "amount > 1000500000 AND NOT won");
        assert_eq!(rewritten("amount between 1 and 2"), "amount BETWEEN 1000000 AND 2000000");
        assert_eq!(rewritten("amount * 2 - 1 >= 0"), "amount * 2 - 1000000 >= 0");
        assert_eq!(rewritten("won_at >= '2026-01-01'"), "won_at >= DATE '2026-01-01'");
        assert_eq!(rewritten("segment in ('a', '1')"), "segment IN ('a', '1')");
    }

    #[test]
    fn what_is_not_portable_or_not_exact_is_refused() {
        for text in ["upper(segment) = 'A'", "amount >", "won; drop", "exists (select 1)", "a like 'b%'"] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in ["amount / 2 > 1", "amount * amount > 1", "amount * 1.5 > 1", "amount > won_at"] {
            assert!(to_polars(&parse(text).unwrap(), &class).is_err(), "{text}");
        }
    }

    #[test]
    fn columns_are_collected() {
        let columns: Vec<String> =
            parse("(won and amount is not null) or kind in ('x')").unwrap().columns.into_iter().collect();
        assert_eq!(columns, ["amount", "kind", "won"]);
    }
}
