# What R's package surveillance says of the series that `tocsin bench outbreak --folder FOLDER` wrote there.
# usage: Rscript outbreak.R FOLDER [SECONDS]   with SECONDS it begins nothing after that time; run again, it goes on.
# Several may run at once: what one has begun (a .part file; remove it if that one was ended) the others leave alone.
# Reads scenario-NN.csv (a row a week, a column a series) in blocks of 10 series, the first of all scenarios first; writes
# for each scenario-NN.r-BB.csv: series, week (from 1), p (Farrington flexible), enough (its rule of 5 cases in 4 weeks),
# and the flags of EARS C1, C2, C3 at alpha 0.001 and 0.01.
# Settings: the package's as for Noufaily et al. (2013): 5 years back, 3 weeks to either side, 10 periods, 26 weeks left
# out, quantiles of the plug-in negative binomial, weights from 2.58, with a trend. Debian: r-cran-surveillance.
suppressMessages(library(surveillance))

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
stop_at <- Sys.time() + if (length(arguments) > 1) as.numeric(arguments[2]) else 1e9
tested <- 576:624

flags <- function(series, method, alpha) {
  judged <- earsC(series, control = list(method = method, alpha = alpha, baseline = 7, range = tested))
  as.integer(alarms(judged)[, 1])
}

of_series <- function(number, counts) {
  series <- sts(observed = counts, start = c(1, 1), frequency = 52)
  control <- list(range = tested, b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, reweight = TRUE,
                  weightsThreshold = 2.58, trend = TRUE, pThresholdTrend = 1, thresholdMethod = "nbPlugin",
                  alpha = 0.01, glmWarnings = FALSE)
  farrington <- suppressWarnings(farringtonFlexible(series, control))
  # NaN: no model could be fitted; no alarm.
  p <- as.vector(farrington@control$pvalue)
  data.frame(series = number, week = tested, p = ifelse(is.na(p), 1, p),
             enough = as.integer(!is.na(upperbound(farrington)[, 1])),
             c1 = flags(series, "C1", 0.001), c1_01 = flags(series, "C1", 0.01),
             c2 = flags(series, "C2", 0.001), c2_01 = flags(series, "C2", 0.01),
             c3 = flags(series, "C3", 0.001), c3_01 = flags(series, "C3", 0.01))
}

judge_block <- function(file, block) {
  out <- sub("[.]csv$", sprintf(".r-%02d.csv", block), file)
  part <- paste0(out, ".part")
  if (file.exists(out) || file.exists(part)) return()
  if (Sys.time() > stop_at) {
    message("stopped by the clock; run again to go on")
    quit(status = 3)
  }
  file.create(part)
  all <- as.matrix(read.csv(file))
  first <- 10 * (block - 1) + 1
  if (first > ncol(all)) return(invisible(file.remove(part)))
  rows <- lapply(first:min(first + 9, ncol(all)), function(number) of_series(number, all[, number]))
  write.csv(do.call(rbind, rows), part, row.names = FALSE)
  file.rename(part, out)
  message(basename(out))
}

for (block in 1:10) {
  for (file in Sys.glob(file.path(folder, "scenario-??.csv"))) judge_block(file, block)
}
