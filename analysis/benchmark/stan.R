# A Stan program beside the others: asked as `analysis.benchmark.contenders` is, through stdin.
# Arguments: brms or rstanarm; the data as CSV; the regression as JSON; a folder for draws.
arguments <- commandArgs(trailingOnly = TRUE)
program <- arguments[1]
spec <- jsonlite::fromJSON(arguments[3], simplifyDataFrame = FALSE)
data <- read.csv(arguments[2], check.names = FALSE)
for (name in spec$labels) data[[name]] <- as.character(data[[name]])

tell <- function(message) {
  cat(jsonlite::toJSON(message, auto_unbox = TRUE, digits = 12), "\n", sep = "")
  flush(stdout())
}
number <- function(times, of) sum(times[of])
spent <- function(action) {
  times <- system.time(action)
  list(wall_s = times[["elapsed"]], cpu_s = sum(times[-3]))
}

if (program == "brms") {
  suppressMessages(library(brms))
  rstan::rstan_options(boost_lib = "/usr/include") # Debian's BH lacks what Stan includes
  prior <- do.call(c, lapply(spec$priors, function(line) do.call(set_prior, line)))
  formula <- bf(as.formula(spec$formula[1]), as.formula(spec$formula[2]))
  compiling <- spent(compiled <- suppressMessages(
    brm(formula, data, prior = prior, chains = 0, backend = "rstan", silent = 2)
  ))
  sample <- function(rung, chains, cores, control) {
    update(compiled, recompile = FALSE, chains = chains, cores = cores, refresh = 0, silent = 2,
           iter = rung$tune + rung$draws, warmup = rung$tune, seed = rung$seed, control = control)
  }
  stanfit <- function(fit) fit$fit
} else {
  suppressMessages(library(rstanarm))
  compiling <- list(wall_s = 0, cpu_s = 0) # the package brings its models compiled
  sample <- function(rung, chains, cores, control) {
    stan_glm(as.formula(spec$formula), data = data, family = gaussian(), QR = FALSE,
             prior = normal(0, unlist(spec$scale), autoscale = FALSE),
             prior_aux = normal(0, spec$sigma, autoscale = FALSE),
             chains = chains, cores = cores, refresh = 0, control = control,
             iter = rung$tune + rung$draws, warmup = rung$tune, seed = rung$seed)
  }
  stanfit <- function(fit) fit$stanfit
}
tell(compiling)

rungs <- file("stdin")
open(rungs)
while (length(line <- readLines(rungs, n = 1))) {
  rung <- jsonlite::fromJSON(line)
  control <- list(adapt_delta = rung$target_accept)
  time <- spent(fit <- suppressMessages(suppressWarnings(
    sample(rung, rung$chains, rung$cores, control)
  )))
  fit <- stanfit(fit)
  # Chains run in processes that R does not count: Stan's own clock, of one thread each.
  time$cpu_s <- sum(rstan::get_elapsed_time(fit))
  of_steps <- rstan::get_sampler_params(fit, inc_warmup = FALSE)
  take <- function(name) unlist(lapply(of_steps, function(chain) chain[, name]))
  deepest <- 10
  draws <- as.array(fit)
  path <- file.path(arguments[4], "draws.bin")
  file <- base::file(path, "wb")
  writeBin(as.double(draws), file)
  writeBin(as.double(c(
    take("divergent__"), take("energy__"), take("treedepth__") >= deepest
  )), file)
  close(file)
  tell(c(time, list(path = path, draws = dim(draws)[1], chains = dim(draws)[2],
                    names = dimnames(draws)[[3]])))
}
