//! One file per measure, each readable against its formula (docs/method.md).
//!
//! A measure is fed one candle's return, range or residual at a time and knows nothing of columns, rules, JSON or Node.

pub mod adverse;
mod adverse_shape;
pub mod amihud;
pub mod black_swan;
pub mod change;
pub mod convexity;
pub mod edge;
pub mod ewma;
pub mod extremal_index;
pub mod flow;
pub mod gpd;
pub mod hill;
pub mod jump;
pub mod kyle;
mod least_squares;
pub mod left_vega;
pub mod logs;
pub mod max_to_sum;
pub mod quantum;
pub mod range_window;
pub mod regime;
pub mod rogers_satchell;
pub mod scale;
pub mod spread;
pub mod volatility;
pub mod whale;
