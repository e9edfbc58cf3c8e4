# Only Python (3.11 to 3.13), make and the package registries are needed; the rest is fetched into .venv.
.PHONY: start test test-cluster bench cluster cluster-down images

start: ## log in at the address it prints
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py start && exec .venv/bin/kfhub start

test: ## lint, types, unit and browser tests
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python tools/check.py

bench: ## each goal number beside its peer
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python -m bench

test-cluster: ## the part that needs a real Kubernetes: Linux and root, or KFHUB_TEST_KUBECONFIG
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python tools/check.py cluster

cluster: ## a Kubernetes on this machine with kfhub in it; Linux and root
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python -m tests.cluster.kube hub

cluster-down: ## take it down, and leave nothing behind
	@python="$$(sh tools/python.sh)" && exec "$$python" -m tests.cluster.kube down

images: ## build the images of hub and notebooks
	@python="$$(sh tools/python.sh)" && "$$python" tools/setup.py dev && exec .venv/bin/python tools/images.py
