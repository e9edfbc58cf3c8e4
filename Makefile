# Only Python (3.11 to 3.13), make and the package registries are needed; the rest is fetched into .venv.
.PHONY: start test test-cluster bench setup

start: ## log in at the address it prints
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py start && exec .venv/bin/kfhub start

test: ## lint, types, unit and browser tests
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python tools/check.py

bench: ## each goal number beside its peer
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python -m bench

test-cluster: ## the part that needs a real Kubernetes
	@echo "kfhub: this version starts notebooks on one machine only; there is no cluster part to test."
