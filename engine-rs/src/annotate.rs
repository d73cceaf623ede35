//! A whole frame at once: pushes over segments that overlap by the memory, which finite memory makes exact.

use crate::assessor::Assessor;
use crate::candle::{BadCandle, Frame};
use crate::params::Params;
use crate::selection::Selection;
use crate::simd::{Backend, Kernel, Simd};

/// Shortest segment in units of the memory, so that warming up again costs at most a sixteenth.
const SEGMENT_MEMORIES: usize = 16;

/// Measures and verdict of every row: column-major, in the order of [`crate::columns::COLUMNS`], `rows × COLUMN_COUNT` values, where
/// `COLUMN_COUNT` is [`crate::columns::COLUMN_COUNT`].
/// The first [`Params::memory_rows`] rows are not ready.
///
/// # Errors
/// The first invalid candle.
pub fn annotate(params: &Params, frame: Frame<'_>) -> Result<Vec<f64>, BadCandle> {
    annotate_columns(params, frame, &Selection::all())
}

/// The selected columns of [`annotate`], the same bits: `rows × selection.len()` values. What none of them and no rule depends on is not
/// computed.
///
/// # Errors
/// The first invalid candle.
pub fn annotate_columns(params: &Params, frame: Frame<'_>, selection: &Selection) -> Result<Vec<f64>, BadCandle> {
    annotate_columns_with(params, frame, selection, Backend::best(), threads())
}

/// [`annotate`] on a given instruction set and cut for a given number of threads, neither of which changes the result.
///
/// # Errors
/// The first invalid candle.
pub fn annotate_with(params: &Params, frame: Frame<'_>, backend: Backend, threads: usize) -> Result<Vec<f64>, BadCandle> {
    annotate_columns_with(params, frame, &Selection::all(), backend, threads)
}

/// [`annotate_columns`] on a given instruction set and cut for a given number of threads, neither of which changes the result.
///
/// # Errors
/// The first invalid candle.
pub fn annotate_columns_with(
    params: &Params,
    frame: Frame<'_>,
    selection: &Selection,
    backend: Backend,
    threads: usize,
) -> Result<Vec<f64>, BadCandle> {
    frame.check()?;
    let rows = frame.rows();
    let mut block = vec![f64::NAN; rows * selection.len()];
    if rows == 0 {
        return Ok(block);
    }
    let length = rows.div_ceil(threads.max(1)).max(SEGMENT_MEMORIES * params.memory_rows());
    let mut segments = cut(&mut block, rows, length);
    let run = |segment: &mut Segment<'_>| backend.run(RunSegment { params, frame, selection, backend, segment });
    #[cfg(feature = "parallel")]
    if segments.len() > 1 {
        use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};
        segments.par_iter_mut().for_each(run);
        return Ok(block);
    }
    segments.iter_mut().for_each(run);
    Ok(block)
}

#[cfg(feature = "parallel")]
fn threads() -> usize {
    rayon::current_num_threads()
}

#[cfg(not(feature = "parallel"))]
fn threads() -> usize {
    1
}

/// Rows `start ..` of the result, one slice per column.
struct Segment<'a> {
    start: usize,
    columns: Vec<&'a mut [f64]>,
}

/// Cuts a column-major block into segments of at most `length` rows.
fn cut(block: &mut [f64], rows: usize, length: usize) -> Vec<Segment<'_>> {
    let mut segments: Vec<Segment<'_>> = (0..rows).step_by(length).map(|start| Segment { start, columns: Vec::new() }).collect();
    for column in block.chunks_exact_mut(rows) {
        for (segment, part) in segments.iter_mut().zip(column.chunks_mut(length)) {
            segment.columns.push(part);
        }
    }
    segments
}

struct RunSegment<'a, 'b> {
    params: &'a Params,
    frame: Frame<'a>,
    selection: &'a Selection,
    backend: Backend,
    segment: &'a mut Segment<'b>,
}

impl Kernel for RunSegment<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut assessor = Assessor::for_columns(self.params.clone(), self.backend, self.selection);
        let indexes = self.selection.indexes();
        let Segment { start, columns } = self.segment;
        let warm_up = start.saturating_sub(self.params.memory_rows());
        for row in warm_up..*start + columns[0].len() {
            #[cfg(feature = "fault-injection")]
            crate::fault::panic_if_asked(&self.frame.candle(row));
            assessor.push_checked(s, &self.frame.candle(row));
            if let Some(i) = row.checked_sub(*start) {
                let values = assessor.assessment().row();
                for (column, &index) in columns.iter_mut().zip(indexes) {
                    column[i] = values[index];
                }
            }
        }
    }
}
