# References of npc_kedro.statistics from R: base stats, pROC and rms.
#
# Rscript make_references.R FOLDER
# reads the inputs in FOLDER (scores.csv, unpaired.csv, tables.csv, proportions.csv, discordant.csv, samples.csv), which
# test_against_r.py writes, and writes FOLDER/references.csv: quantity, value with 17 significant digits.
# The stored inputs and references of this folder were made with the seed named in test_against_r.py; remake with
#   python tests/statistics/test_against_r.py && Rscript tests/statistics/references/make_references.R tests/statistics/references

suppressPackageStartupMessages({
  library(pROC)
  library(rms)
})

folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, name))
names_found <- character(0)
values_found <- numeric(0)
say <- function(name, value) {
  names_found <<- c(names_found, name)
  values_found <<- c(values_found, as.numeric(value))
}

# ROC ------------------------------------------------------------------------------------------------------------------
curve <- function(outcome, score) roc(outcome, score, direction = "<", levels = c(0, 1), quiet = TRUE)
say_auc <- function(name, roc_object) {
  for (level in c(0.9, 0.95)) {
    ci <- ci.auc(roc_object, method = "delong", conf.level = level)
    say(paste0(name, ".lo.", level), ci[1])
    say(paste0(name, ".hi.", level), ci[3])
  }
  say(paste0(name, ".auc"), ci[2])
  say(paste0(name, ".se"), sqrt(var(roc_object, method = "delong")))
}
scores <- read("scores.csv")
first <- curve(scores$outcome, scores$score_a)
second <- curve(scores$outcome, scores$score_b)
say_auc("roc.a", first)
say_auc("roc.b", second)
paired <- roc.test(first, second, method = "delong", paired = TRUE)
say("paired.z", paired$statistic)
say("paired.p", paired$p.value)

other <- read("unpaired.csv")
third <- curve(other$outcome, other$score)
say_auc("roc.other", third)
unpaired <- roc.test(first, third, method = "delong", paired = FALSE)
say("unpaired.t", unpaired$statistic)
say("unpaired.df", unpaired$parameter)
say("unpaired.p", unpaired$p.value)
points <- coords(first, x = "all", ret = c("sensitivity", "specificity"), transpose = FALSE)
say("curve.points", nrow(points))
say("curve.sum_sensitivity", sum(points$sensitivity))
say("curve.sum_specificity", sum(points$specificity))

# Proportions ----------------------------------------------------------------------------------------------------------
proportions <- read("proportions.csv")
for (i in seq_len(nrow(proportions))) {
  x <- proportions$x[i]
  n <- proportions$n[i]
  wilson <- suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int
  exact <- binom.test(x, n, conf.level = 0.95)$conf.int
  exact90 <- binom.test(x, n, conf.level = 0.90)$conf.int
  say(paste0("wilson.", i, ".lo"), wilson[1])
  say(paste0("wilson.", i, ".hi"), wilson[2])
  say(paste0("exact.", i, ".lo"), exact[1])
  say(paste0("exact.", i, ".hi"), exact[2])
  say(paste0("exact90.", i, ".lo"), exact90[1])
  say(paste0("exact90.", i, ".hi"), exact90[2])
}

# Newcombe's two methods 10 from base R's Wilson intervals, by the formulas of Stat Med 1998;17:873 and 17:2635.
score_interval <- function(x, n) suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int
newcombe <- function(x1, n1, x2, n2) {
  one <- score_interval(x1, n1)
  two <- score_interval(x2, n2)
  d <- x1 / n1 - x2 / n2
  c(d - sqrt((x1 / n1 - one[1])^2 + (two[2] - x2 / n2)^2), d + sqrt((one[2] - x1 / n1)^2 + (x2 / n2 - two[1])^2))
}
newcombe_paired <- function(a, b, c, d) {
  n <- a + b + c + d
  one <- score_interval(a + b, n)
  two <- score_interval(a + c, n)
  p1 <- (a + b) / n
  p2 <- (a + c) / n
  numerator <- a * d - b * c
  if (numerator > n / 2) numerator <- numerator - n / 2 else if (numerator >= 0) numerator <- 0
  denominator <- sqrt(a + b) * sqrt(c + d) * sqrt(a + c) * sqrt(b + d)
  phi <- if (denominator == 0) 0 else numerator / denominator
  delta <- sqrt((p1 - one[1])^2 - 2 * phi * (p1 - one[1]) * (two[2] - p2) + (two[2] - p2)^2)
  epsilon <- sqrt((one[2] - p1)^2 - 2 * phi * (one[2] - p1) * (p2 - two[1]) + (p2 - two[1])^2)
  c(p1 - p2 - delta, p1 - p2 + epsilon)
}
for (i in seq_len(nrow(proportions) - 1)) {
  interval <- newcombe(proportions$x[i], proportions$n[i], proportions$x[i + 1], proportions$n[i + 1])
  say(paste0("newcombe.", i, ".lo"), interval[1])
  say(paste0("newcombe.", i, ".hi"), interval[2])
}

# Paired verdicts ------------------------------------------------------------------------------------------------------
discordant <- read("discordant.csv")
for (i in seq_len(nrow(discordant))) {
  b <- discordant$b[i]
  c <- discordant$c[i]
  say(paste0("mcnemar.", i), binom.test(b, b + c, 0.5)$p.value)
  smaller <- min(b, c)
  say(paste0("midp.", i), min(1, 2 * pbinom(smaller, b + c, 0.5) - dbinom(smaller, b + c, 0.5)))
  interval <- newcombe_paired(discordant$both[i], b, c, discordant$neither[i])
  say(paste0("newcombe_paired.", i, ".lo"), interval[1])
  say(paste0("newcombe_paired.", i, ".hi"), interval[2])
}

# Tables of counts -----------------------------------------------------------------------------------------------------
tables <- read("tables.csv")
for (name in unique(tables$table)) {
  cells <- tables[tables$table == name, ]
  counts <- matrix(cells$n[order(cells$row, cells$column)], nrow = max(cells$row), byrow = TRUE)
  plain <- suppressWarnings(chisq.test(counts, correct = FALSE))
  say(paste0(name, ".pearson.statistic"), plain$statistic)
  say(paste0(name, ".pearson.p"), plain$p.value)
  if (all(dim(counts) == 2)) {
    corrected <- suppressWarnings(chisq.test(counts, correct = TRUE))
    say(paste0(name, ".yates.statistic"), corrected$statistic)
    say(paste0(name, ".yates.p"), corrected$p.value)
  }
  g <- 2 * sum(ifelse(counts == 0, 0, counts * log(counts / plain$expected)))
  say(paste0(name, ".likelihood_ratio.statistic"), g)
  say(paste0(name, ".likelihood_ratio.p"), pchisq(g, plain$parameter, lower.tail = FALSE))
  say(paste0(name, ".fisher.p"), fisher.test(counts, workspace = 2e7)$p.value)
  long <- cells[rep(seq_len(nrow(cells)), cells$n), ]
  trend <- (nrow(long) - 1) * cor(long$row, long$column)^2
  say(paste0(name, ".trend.statistic"), trend)
  say(paste0(name, ".trend.p"), pchisq(trend, 1, lower.tail = FALSE))
}

# Means ----------------------------------------------------------------------------------------------------------------
samples <- read("samples.csv")
a <- samples$value[samples$sample == "a"]
b <- samples$value[samples$sample == "b"]
for (pooled in c(TRUE, FALSE)) {
  name <- if (pooled) "pooled_t" else "welch_t"
  test <- t.test(a, b, var.equal = pooled)
  say(paste0(name, ".statistic"), test$statistic)
  say(paste0(name, ".df"), test$parameter)
  say(paste0(name, ".p"), test$p.value)
}
say("smd", (mean(a) - mean(b)) / sqrt((var(a) + var(b)) / 2))

# Calibration ----------------------------------------------------------------------------------------------------------
tight <- glm.control(epsilon = 1e-15, maxit = 100)
logit <- qlogis(scores$probability)
say("calibration.intercept", coef(glm(scores$outcome ~ 1, offset = logit, family = binomial, control = tight)))
say("calibration.slope", coef(glm(scores$outcome ~ logit, family = binomial, control = tight))[2])
validated <- val.prob(scores$probability, scores$outcome, pl = FALSE)
say("val_prob.slope", validated["Slope"])
say("val_prob.brier", validated["Brier"])

write.csv(
  data.frame(quantity = names_found, value = formatC(values_found, digits = 17, format = "g")),
  file.path(folder, "references.csv"),
  row.names = FALSE, quote = FALSE
)
